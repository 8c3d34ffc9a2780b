/**
 * One connection to a Redis server, which comes back by itself: the one owner of the client. A command is sent at once or fails;
 * nothing waits for a server that is away. Each has a deadline, and a server that misses one is left, so that those behind it
 * fail at once. Before a connection is used, the server must be fit to keep a store.
 */
import { Redis } from 'ioredis';
import { Backoff } from '../../core/backoff.js';
import { startDeadline } from '../../core/deadline.js';
import { PosternError } from '../../errors.js';
import { type RedisAddress, readTlsFiles } from './address.js';
import { connectionOptions } from './connector.js';
import { openingProblemOf, type Problem, problemOf } from './problem.js';
import type { Script } from './scripts.js';
import { readInfo, type ServerInfo, unfitness } from './server-info.js';

export interface ConnectionOptions {
  readonly address: RedisAddress;
  /** How the server lists it (`CLIENT LIST`). */
  readonly name: string;
  /** For each command. */
  readonly deadlineMs: number;
  /** Called whenever it can be used, and when it cannot any more. */
  readonly onUp: (server: ServerInfo) => void;
  readonly onDown: (problem: Problem) => void;
}

/** Commands that were sent and have no reply yet: more are refused, so that a slow server fills no memory. */
export const MAX_WAITING_COMMANDS = 10_000;

const RETRY = { firstMs: 100, maxMs: 5_000 };

// As the client says it, too.
const LATE = 'Command timed out';

// These are not about the command: the server is another one now, or is about to be.
const LEAVES = /^(?:READONLY|UNBLOCKED|MASTERDOWN|LOADING)/;

export class RedisConnection {
  readonly #options: ConnectionOptions;
  readonly #client: Redis;
  readonly #backoff = new Backoff(RETRY);
  #isUp = false;
  #isClosed = false;
  #waiting = 0;
  #problem: Problem | undefined;

  /** Throws `ERR_CONFIG_INVALID` for a certificate that cannot be read. */
  constructor(options: ConnectionOptions) {
    const { address, name, deadlineMs } = options;
    this.#options = options;
    const { at, user, password, database } = address;
    this.#client = new Redis({
      ...connectionOptions({ at, tls: readTlsFiles(address.tls), deadlineMs }),
      ...(user !== undefined && { username: user }),
      ...(password !== undefined && { password }),
      db: database,
      connectionName: name,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => this.#backoff.next(),
      reconnectOnError: ({ message }: Error) => LEAVES.test(message),
    });
    this.#client.on('ready', () => {
      delete this.#client.options.commandTimeout; // from here on commands have a deadline of ours
      void this.#check();
    });
    this.#client.on('error', (error: unknown) => this.#note(error));
    this.#client.on('close', () => this.#lost());
    this.#client.connect().catch(() => {}); // it is told by the events
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Why it cannot be used; undefined while it can, and before the first attempt has ended. */
  get problem(): Problem | undefined {
    return this.#isUp ? undefined : this.#problem;
  }

  /** Sends a command now. Rejects with `ERR_STORE_UNAVAILABLE`; the server may have carried it out nevertheless. */
  async run(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    if (!this.#isUp) throw unavailable(this.#problem?.text ?? 'is not connected yet');
    if (this.#waiting >= MAX_WAITING_COMMANDS) throw unavailable('is too slow');
    this.#waiting += 1;
    try {
      return await this.#inTime(this.#client.call(command, ...args));
    } catch (error) {
      throw this.#translate(error);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Runs a script, which the server may have forgotten. Rejects as `run`. */
  async script({ text, sha }: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.run('EVALSHA', sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isForgotten(error)) throw error;
      return this.run('EVAL', text, keys.length, ...keys, ...args); // nothing of it was carried out
    }
  }

  /** Gives up this connection, and makes another one. */
  renew(problem: Problem): void {
    this.#problem = problem;
    this.#client.disconnect(true);
    this.#down();
  }

  close(): void {
    this.#isClosed = true;
    this.#isUp = false;
    this.#problem = { text: 'was closed', isPermanent: false };
    this.#client.disconnect();
  }

  async #check(): Promise<void> {
    try {
      const server = readInfo(`${await this.#inTime(this.#client.call('INFO'))}`);
      if (this.#isClosed) return;
      const unfit = unfitness(server, this.#options.address.at.kind === 'sentinel');
      if (unfit !== undefined) return this.renew(unfit);
      this.#backoff.reset();
      this.#problem = undefined;
      this.#isUp = true;
      this.#options.onUp(server);
    } catch (error) {
      if (!this.#isClosed) this.renew(this.#openingProblemOf(error));
    }
  }

  async #inTime<Reply>(reply: Promise<Reply>): Promise<Reply> {
    let end = () => {};
    const late = new Promise<never>((_, reject) => {
      end = startDeadline(this.#options.deadlineMs, () => reject(new Error(LATE)));
    });
    return await Promise.race([reply, late]).finally(end);
  }

  #note(error: unknown): void {
    if (!this.#isUp) this.#problem = this.#openingProblemOf(error);
  }

  #lost(): void {
    this.#client.options.commandTimeout = this.#options.deadlineMs;
    this.#down();
  }

  #openingProblemOf(error: unknown): Problem {
    return openingProblemOf(error, this.#options.address.tls !== undefined);
  }

  #down(): void {
    if (this.#isClosed) return;
    this.#isUp = false;
    this.#problem ??= { text: 'closed the connection', isPermanent: false };
    this.#options.onDown(this.#problem);
  }

  #translate(error: unknown): PosternError {
    const problem = problemOf(error);
    if (error instanceof Error && error.message === LATE && this.#isUp) this.renew(problem);
    return unavailable(problem.text, error);
  }
}

function isForgotten(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && cause.message.startsWith('NOSCRIPT');
}

/** `text` ends a sentence that begins with "Redis". */
export function unavailable(text: string, cause?: unknown): PosternError {
  return new PosternError('ERR_STORE_UNAVAILABLE', `Redis ${text}`, { cause });
}
