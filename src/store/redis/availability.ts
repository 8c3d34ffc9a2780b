/** Whether a Redis server can be used: it is waited for at the start, and the log is told when it is away and when it is back. */
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import { addressText, type RedisAddress } from './address.js';
import type { Problem } from './problem.js';
import type { ServerInfo } from './server-info.js';

const SILENT: Problem = { text: 'does not respond in time', isPermanent: false };

export class Availability {
  readonly #address: RedisAddress;
  readonly #log: Log;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #opened: () => void = () => {};
  #refused: (problem: Problem) => void = () => {};
  #told: string | undefined;

  constructor(address: RedisAddress, log: Log) {
    this.#address = address;
    this.#log = log;
  }

  /**
   * Resolves once `begin` is called. Rejects with `ERR_CONFIG_INVALID` for a problem that waiting does not end, and with
   * `ERR_STORE_UNAVAILABLE` for any other after the time. `problem`: what is known of it then.
   */
  opened(patienceMs: number, problem: () => Problem | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => this.#refused(problem() ?? SILENT), patienceMs);
      this.#refused = (refusing) => {
        clearTimeout(patience);
        this.#state = 'closed';
        reject(
          refusing.isPermanent
            ? new PosternError('ERR_CONFIG_INVALID', this.sentence(refusing))
            : new PosternError('ERR_STORE_UNAVAILABLE', `${this.sentence(refusing)}: an edge cannot start without it`),
        );
      };
      this.#opened = () => {
        clearTimeout(patience);
        resolve();
      };
    });
  }

  /** All that a store needs is there. */
  begin(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#opened();
  }

  up(server: ServerInfo): void {
    if (this.#state === 'open') this.#log.info({ redis: server.version }, 'the store can be used again');
    else if (!server.isPersistent)
      this.#log.warn({}, 'Redis keeps no append-only file: when it restarts, it has forgotten what it was told last');
    this.#told = undefined;
  }

  down(problem: Problem): void {
    if (this.#state === 'closed') return;
    const isOpening = this.#state === 'opening';
    if (isOpening && problem.isPermanent) {
      this.#refused(problem);
      return;
    }
    if (this.#told === problem.text) return;
    this.#told = problem.text;
    const what = isOpening ? 'it is waited for' : 'what needs the store fails';
    this.#log[isOpening ? 'warn' : 'error']({}, `${this.sentence(problem)}: ${what}`);
  }

  /** All can be read again, over the connection that there was. */
  readable(): void {
    if (this.#state !== 'open' || this.#told === undefined) return;
    this.#told = undefined;
    this.#log.info({}, 'the store can be used again');
  }

  sentence({ text }: Problem): string {
    return `Redis at ${addressText(this.#address)} ${text}`;
  }

  /** Nothing is told any more. */
  close(): void {
    this.#state = 'closed';
  }
}
