/** The people at a tunnel, and those who ask to be let in: the edge's list of them, as an event for each who is new. */
import type { ApiClient } from '../cli/process/api-client.js';
import type { ApiKnock } from '../cli/process/api-types.js';
import { asLibraryError } from './errors.js';

/** A person who was refused and asks to be let in. What they have written is theirs: escape it before it is shown. */
export interface Knock {
  readonly email: string;
  /** Empty without one. */
  readonly message: string;
  /** Lets them in, for a time such as `8h`. */
  allow(options?: { readonly for?: string }): Promise<void>;
  /** Says no, which the person is not told. */
  deny(): Promise<void>;
}

export interface KnockListener {
  knock(knock: Knock): void;
  people(emails: readonly string[]): void;
}

export class KnockList {
  readonly #api: ApiClient;
  readonly #tunnel: () => string;
  #known: ReadonlySet<string> = new Set();

  constructor(api: ApiClient, tunnel: () => string) {
    this.#api = api;
    this.#tunnel = tunnel;
  }

  /** Resolves when `signal` aborts, or when the edge has no API for this agent. */
  async follow(signal: AbortSignal, listener: KnockListener): Promise<void> {
    const { followTunnel } = await import('../cli/process/tunnel-events.js'); // here: most programs need none
    const update = (knocks: readonly ApiKnock[]) => {
      for (const knock of knocks) if (!this.#known.has(knock.id)) listener.knock(this.#knockOf(knock));
      this.#known = new Set(knocks.map(({ id }) => id));
    };
    const people = (list: readonly { readonly email: string }[]) => listener.people(list.map(({ email }) => email));
    await followTunnel(this.#api, this.#tunnel(), { people, knocks: update }, signal);
  }

  #knockOf({ id, email, message }: ApiKnock): Knock {
    const answer = (body: { answer: 'allow' | 'deny'; for?: string }) =>
      this.#api.answer(this.#tunnel(), id, body).catch((error: unknown) => {
        throw asLibraryError(error);
      });
    return {
      email,
      message,
      allow: (options = {}) => answer({ answer: 'allow', ...options }),
      deny: () => answer({ answer: 'deny' }),
    };
  }
}
