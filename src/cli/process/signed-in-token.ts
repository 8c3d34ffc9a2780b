/**
 * The access token of a sign-in, renewed before it expires: when less than a day of it is left, or a tenth where that is less.
 * All agents of one machine share a sign-in, so whichever is first renews it and the others read the result.
 */
import { PosternError } from '../../errors.js';
import { type Credential, Credentials } from './credentials.js';
import { CommandError, EXIT, systemError } from './exit.js';
import type { OAuthClient } from './oauth-client.js';

const DAY_MS = 86_400_000;

// Of a short life at least this much is left to renew it, but no more than half.
const MIN_MARGIN_MS = 30_000;

// The longest wait of a timer in Node.
const MAX_TIMER_MS = 2 ** 31 - 1;

const RETRY_MS = { min: 1_000, max: 10 * 60_000 };

export interface SignedInTokenOptions {
  readonly edge: string;
  /** Is told once when the edge refuses to renew the token of a running agent. */
  readonly hint?: (text: string) => void;
  readonly credentials?: Credentials;
}

export class SignedInToken {
  readonly #edge: string;
  readonly #credentials: Credentials;
  readonly #hint: (text: string) => void;
  #credential: Credential;
  #renewal: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #isRefused = false;
  /** Whether the file has no older credential than `#credential`. */
  #isKept = true;

  /** There must be a sign-in for the edge. Throws `ERR_TOKEN_INVALID` if there is none. */
  constructor({ edge, hint = () => {}, credentials = new Credentials() }: SignedInTokenOptions) {
    this.#edge = edge;
    this.#credentials = credentials;
    this.#hint = hint;
    this.#credential = this.#read();
  }

  /** Renews the token if it is time. Rejects with `ERR_TOKEN_INVALID` when the edge refuses. */
  async prepare(): Promise<void> {
    if (!this.#isDue()) return;
    await this.#renew().catch((error: unknown) => {
      if (isRefusal(error) || !isValid(this.#credential)) throw error; // else it is renewed once there is a network
    });
  }

  /** The token for a dial. Rejects with `ERR_TOKEN_INVALID`, or `ERR_LINK_LOST` when it expired and the edge cannot be reached. */
  readonly current = async (): Promise<string> => {
    this.#adopt(this.#credentials.find(this.#edge));
    if (this.#isDue() && !this.#isRefused)
      await this.#renew().catch((error: unknown) => {
        if (!isValid(this.#credential)) throw error;
        if (isRefusal(error)) this.#refused();
      });
    if (this.#isRefused && !isValid(this.#credential)) throw signInAgain(this.#edge);
    return this.#credential.accessToken;
  };

  /** Calls `renewed` after each renewal from now on, until `end`. Does not keep the process alive. */
  keepFresh(renewed: () => void): void {
    this.#renewIn(Math.max(0, dueAtMs(this.#credential) - Date.now()), renewed);
  }

  /** Renews no more by itself. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  #renewIn(waitMs: number, renewed: () => void): void {
    if (this.#hasEnded) return;
    this.#timer = setTimeout(() => void this.#renewInBackground(renewed), Math.min(waitMs, MAX_TIMER_MS)).unref();
  }

  async #renewInBackground(renewed: () => void): Promise<void> {
    if (!this.#isDue()) return this.keepFresh(renewed);
    const before = this.#credential;
    try {
      await this.#renew();
      if (this.#credential !== before) renewed();
      this.keepFresh(renewed);
    } catch (error) {
      if (this.#credential !== before) renewed(); // it could not be written: that is tried again
      if (isRefusal(error)) return this.#refused();
      const leftMs = this.#credential.expiresAtMs - Date.now();
      const waitMs = Math.min(Math.max(leftMs / 10, RETRY_MS.min), RETRY_MS.max);
      this.#renewIn(waitMs, renewed);
    }
  }

  /**
   * The person may have signed in again meanwhile, which ended the former sign-in. An older credential is one that has been
   * renewed but could not be written: its refresh token, presented again, would end the sign-in.
   */
  #adopt(latest: Credential | undefined): void {
    if (latest === undefined || latest.issuedAtMs <= this.#credential.issuedAtMs) return;
    this.#credential = latest;
    this.#isKept = true;
    this.#isRefused = false;
  }

  #isDue(): boolean {
    return isDue(this.#credential) || !this.#isKept;
  }

  #refused(): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    const at = new Date(this.#credential.expiresAtMs).toISOString().slice(0, 16).replace('T', ' ');
    this.#hint(`${againSentence(this.#edge)}; the edge has refused to renew the token, which ends at ${at} UTC.`);
  }

  #renew(): Promise<void> {
    this.#renewal ??= this.#renewShared().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** Under the lock, so that no two processes present the same refresh token. */
  async #renewShared(): Promise<void> {
    await this.#credentials.locked(async () => {
      this.#adopt(this.#read()); // another process may have renewed it, or the person signed in again
      if (!this.#isDue()) return;
      if (isDue(this.#credential)) this.#credential = await refresh(this.#edge, this.#credential);
      this.#isKept = false;
      this.#credentials.write(this.#edge, this.#credential, false);
      this.#isKept = true;
    });
  }

  #read(): Credential {
    const credential = this.#credentials.find(this.#edge);
    if (credential === undefined) throw signInAgain(this.#edge);
    return credential;
  }
}

/** The access token for one command, renewed if it is time. Rejects with a `CommandError` when the sign-in has ended. */
export async function renewedToken(edge: string): Promise<string> {
  try {
    const token = new SignedInToken({ edge });
    await token.prepare();
    return await token.current();
  } catch (error) {
    if (isRefusal(error)) throw new CommandError(againSentence(edge), EXIT.refused, { cause: error });
    throw error;
  }
}

/** What a person does about a sign-in that has ended. */
export function againSentence(edge: string): string {
  return `Sign in again: postern login ${edge}`;
}

async function refresh(edge: string, credential: Credential): Promise<Credential> {
  const { OAuthClient: Client, SignInRefused } = await import('./oauth-client.js'); // here: most starts need none
  try {
    const client: OAuthClient = await Client.open(edge);
    return await client.refresh(credential);
  } catch (error) {
    if (error instanceof SignInRefused) throw signInAgain(edge, error);
    const reason = error instanceof Error ? error.message : String(error);
    throw new PosternError('ERR_LINK_LOST', `the token cannot be renewed: ${reason}`, {
      cause: systemError(error) ?? error,
    });
  }
}

function signInAgain(edge: string, cause?: unknown): PosternError {
  return new PosternError('ERR_TOKEN_INVALID', againSentence(edge), { cause, text: 'The sign-in has ended.' });
}

function isRefusal(error: unknown): boolean {
  return error instanceof PosternError && error.code === 'ERR_TOKEN_INVALID';
}

function dueAtMs({ issuedAtMs, expiresAtMs }: Credential): number {
  const lifeMs = expiresAtMs - issuedAtMs;
  return expiresAtMs - Math.min(DAY_MS, Math.max(lifeMs / 10, MIN_MARGIN_MS), lifeMs / 2);
}

function isDue(credential: Credential): boolean {
  return dueAtMs(credential) <= Date.now();
}

function isValid({ expiresAtMs }: Credential): boolean {
  return expiresAtMs > Date.now();
}
