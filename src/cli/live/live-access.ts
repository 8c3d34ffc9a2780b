/**
 * What people do at a running tunnel, for the terminal of its agent: shows who is here and who asks to be let in, takes the
 * keys that answer, and starts the command of `--on-knock`.
 */
import { spawn } from 'node:child_process';
import { ReadStream } from 'node:tty';
import type { Asker } from '../output/people-lines.js';
import { ApiClient } from '../process/api-client.js';
import { printError } from '../process/exit.js';
import { Keys } from '../process/keys.js';

export interface LiveAccessOptions {
  readonly edge: string;
  /** The agent's token, which may be renewed while it runs. */
  readonly token: () => Promise<string>;
  /** The public URL of the tunnel. */
  readonly url: string;
  /** A program that is started for each person who asks, with the address, the message and the URL as its arguments. */
  readonly onKnock?: string | undefined;
  readonly view: {
    people(here: readonly string[]): void;
    askers(askers: readonly Asker[]): void;
    hint(text: string): void;
  };
  /** Whether keys can answer: the output is for a person. */
  readonly isInteractive: boolean;
}

const EIGHT_HOURS = '8h';

const MIN_SHOWN_MS = 500;

/** Follows a tunnel until it is closed. */
export class LiveAccess {
  readonly #options: LiveAccessOptions;
  readonly #api: ApiClient;
  readonly #name: string;
  readonly #stop = new AbortController();
  readonly #keys: Keys | undefined;
  readonly #started = new Set<string>();
  #askers: readonly Asker[] = [];
  /** Since when the first of them is shown, by `performance.now()`. */
  #shownAtMs = Number.POSITIVE_INFINITY;

  constructor(options: LiveAccessOptions) {
    this.#options = options;
    this.#api = new ApiClient(options.edge, options.token);
    this.#name = new URL(options.url).hostname.split('.', 1)[0] ?? '';
    const { stdin } = process;
    if (options.isInteractive && stdin instanceof ReadStream) this.#keys = new Keys(stdin, (key) => this.#answer(key));
  }

  /** Resolves when it was closed, or when the edge has no API for this agent. */
  async follow(): Promise<void> {
    const { view } = this.#options;
    const { followTunnel } = await import('../process/tunnel-events.js'); // here: the tunnel is up before it is loaded
    const listener = {
      people: (people: readonly { readonly email: string }[]) => view.people(people.map(({ email }) => email)),
      knocks: (askers: readonly Asker[]) => this.#update(askers),
    };
    await followTunnel(this.#api, this.#name, listener, this.#stop.signal);
  }

  close(): void {
    this.#stop.abort();
    this.#keys?.read(false);
  }

  #update(askers: readonly Asker[]): void {
    if (this.#stop.signal.aborted) return;
    if (askers[0]?.id !== this.#askers[0]?.id) this.#shownAtMs = performance.now();
    this.#askers = askers;
    this.#options.view.askers(askers);
    this.#keys?.read(askers.length > 0);
    for (const asker of askers) if (!this.#started.has(asker.id)) this.#start(asker);
    for (const id of this.#started) if (!askers.some((asker) => asker.id === id)) this.#started.delete(id);
  }

  #answer(key: string): void {
    const [asker] = this.#askers;
    const body = ANSWERS[key.toLowerCase()];
    // A key that was pressed before a person could see the question does not answer it.
    if (asker === undefined || body === undefined || performance.now() - this.#shownAtMs < MIN_SHOWN_MS) return;
    this.#update(this.#askers.slice(1)); // the stream of events says what has come of it
    this.#api.answer(this.#name, asker.id, body).then(
      () =>
        this.#options.view.hint(
          `${asker.email} ${body.answer === 'deny' ? 'was not let in' : `may come in${body.for === undefined ? '' : ' for eight hours'}`}`,
        ),
      (error: Error) => this.#options.view.hint(`${asker.email}: ${error.message}`),
    );
  }

  // What a stranger has typed is an argument, and never part of a command line that a shell reads.
  #start({ id, email, message }: Asker): void {
    this.#started.add(id);
    const { onKnock, url } = this.#options;
    if (onKnock === undefined) return;
    const program = spawn(onKnock, [argument(email), argument(message), url], { stdio: 'ignore', shell: false });
    program.on('error', (error) => printError(`--on-knock: ${error.message}`));
    program.unref();
  }
}

// No option of the program, whatever a stranger writes.
function argument(text: string): string {
  return text.startsWith('-') ? ` ${text}` : text;
}

const ANSWERS: Readonly<Partial<Record<string, { answer: 'allow' | 'deny'; for?: string }>>> = {
  y: { answer: 'allow' },
  '8': { answer: 'allow', for: EIGHT_HOURS },
  n: { answer: 'deny' },
};
