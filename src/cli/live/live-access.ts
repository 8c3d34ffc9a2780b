/**
 * What people do at a running tunnel, for its agent: shows who is here and who asks to be let in, and starts the program of
 * `--on-knock`.
 */
import { spawn } from 'node:child_process';
import type { Asker } from '../output/people-lines.js';
import { ApiClient } from '../process/api-client.js';
import type { ApiKnock, ApiPerson } from '../process/api-types.js';
import { printError } from '../process/exit.js';
import type { KeyPlace, LiveKeys } from './live-keys.js';
import type { TunnelInspection } from './tunnel-inspection.js';

export interface LiveAccessOptions {
  readonly edge: string;
  /** The agent's token, which may be renewed while it runs. */
  readonly token: () => Promise<string>;
  /** The public URL of the tunnel. */
  readonly url: string;
  /** The program that is started for each person who asks, with the address, the message and the URL as its arguments. */
  readonly onKnock?: (() => string | undefined) | undefined;
  /** Is told of each person who asks. */
  readonly knocked?: ((asker: Asker) => void) | undefined;
  readonly view: {
    people(here: readonly string[]): void;
    askers(askers: readonly Asker[]): void;
    hint(text: string): void;
  };
  /** Where the inspector shows the same; undefined where there is none. */
  readonly inspection?: TunnelInspection | undefined;
  /** The keys of a person's terminal, where there is one. */
  readonly keys?: LiveKeys | undefined;
}

/** Follows a tunnel until it is closed. */
export class LiveAccess {
  readonly #options: LiveAccessOptions;
  readonly #api: ApiClient;
  readonly #name: string;
  readonly #stop = new AbortController();
  #keys: KeyPlace | undefined;
  readonly #started = new Set<string>();
  #askers: readonly Asker[] = [];

  constructor(options: LiveAccessOptions) {
    const { edge, token, url } = options;
    this.#options = options;
    this.#api = new ApiClient(edge, token);
    this.#name = new URL(url).hostname.split('.', 1)[0] ?? '';
  }

  /** Resolves when it was closed, or when the edge has no API for this agent. */
  async follow(): Promise<void> {
    const { view, keys, url, inspection } = this.#options;
    const settled = ({ id }: Asker) => this.#update(this.#askers.filter((asker) => asker.id !== id));
    this.#keys = keys?.add({ api: this.#api, tunnel: { name: this.#name, url }, settled });
    const { followTunnel } = await import('../process/tunnel-events.js'); // here: the tunnel is up before it is loaded
    const listener = {
      people: (people: readonly ApiPerson[]) => {
        view.people(people.map(({ email }) => email));
        inspection?.follow({ people });
      },
      knocks: (knocks: readonly ApiKnock[]) => {
        this.#update(knocks);
        inspection?.follow({ knocks });
      },
    };
    await followTunnel(this.#api, this.#name, listener, this.#stop.signal);
  }

  close(): void {
    this.#stop.abort();
    this.#keys?.remove();
  }

  #update(askers: readonly Asker[]): void {
    if (this.#stop.signal.aborted) return;
    this.#askers = askers;
    this.#keys?.askers(askers);
    this.#options.view.askers(askers);
    for (const asker of askers) if (!this.#started.has(asker.id)) this.#start(asker);
    for (const id of this.#started) if (!askers.some((asker) => asker.id === id)) this.#started.delete(id);
  }

  // What a stranger has typed is an argument, and never part of a command line that a shell reads.
  #start(asker: Asker): void {
    const { id, email, message } = asker;
    this.#started.add(id);
    const { onKnock, url, knocked } = this.#options;
    knocked?.(asker);
    const path = onKnock?.();
    if (path === undefined) return;
    const program = spawn(path, [argument(email), argument(message), url], { stdio: 'ignore', shell: false });
    program.on('error', (error) => printError(`--on-knock: ${error.message}`));
    program.unref();
  }
}

// No option of the program, whatever a stranger writes.
function argument(text: string): string {
  return text.startsWith('-') ? ` ${text}` : text;
}
