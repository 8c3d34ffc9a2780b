/**
 * Sign-ins in progress. Each is kept for ten minutes in its own cookie on the base host, so that tabs do not overwrite each
 * other and the edge stores nothing for visitors who do not come back. The return path follows the sealed part, readable
 * but bound to it by a digest: sealed as well, a deep link of 3 kB would not fit a cookie.
 */
import { createHash, randomBytes } from 'node:crypto';
import { deriveKeys } from '../../core/keys.js';
import { trimOws } from '../../core/white-space.js';
import { PosternError } from '../../errors.js';
import type { Redemptions } from '../../store/redemptions.js';
import { clearCookie, cookieNames, cookieValues, setCookie } from './cookies.js';
import type { ReturnTarget } from './return-path.js';
import { type Keyring, open, seal } from './seal.js';

export interface Transaction {
  /** `state` of the authorization request (RFC 6749 section 4.1.1): names the cookie, and proves that this browser has it. */
  readonly state: string;
  /** `nonce` of the ID token (OpenID Connect Core section 3.1.2.1). */
  readonly nonce: string;
  /** PKCE code verifier (RFC 7636 section 4.1). */
  readonly verifier: string;
  /** The id of the provider that received the authorization request: only its response counts. */
  readonly provider: string;
  readonly target: ReturnTarget;
  /** `hashNonce` of the nonce cookie on the tunnel's host, when the sign-in started there. */
  readonly nonceHash?: string;
  /** The id of the sign-in that this one renews: it lacked groups, so the edge itself started this one. */
  readonly continues?: string;
  readonly startedAtMs: number;
}

export interface TransactionsOptions {
  /** Newest first: the first seals, all of them open. */
  readonly secrets: readonly string[];
  /** The edge is served over https. */
  readonly secure: boolean;
  readonly redemptions: Pick<Redemptions, 'redeem'>;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

const LIFETIME_MS = 10 * 60_000;
const MAX_AT_ONCE = 5;

// All transactions together, with their names: with a session and other cookies under the 8 kB that common proxies accept.
const MAX_CHARS_IN_ALL = 4096;

// The size of one cookie that browsers must support: name, value and attributes (RFC 6265 section 6.1).
const MAX_LINE_CHARS = 4096;

// Milliseconds in base 36, nine digits until the year 5188, then six random bytes: names sort by age.
const ID = /^([0-9a-z]{9})[\w-]{8}$/;

// Sealed text has no "~". In the path, which follows it, all but cookie-octets (RFC 6265 section 4.1.1) are escaped.
const SEPARATOR = '~';
const ESCAPED = /[^\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/g;

/** Starts and finishes sign-ins. */
export class Transactions {
  readonly #keys: Keyring;
  readonly #secure: boolean;
  readonly #prefix: string;
  readonly #redemptions: Pick<Redemptions, 'redeem'>;
  readonly #now: () => number;

  constructor({ secrets, secure, redemptions, now = Date.now }: TransactionsOptions) {
    this.#keys = deriveKeys(secrets, 'transaction');
    this.#secure = secure;
    this.#prefix = cookieNames(secure).transactionPrefix;
    this.#redemptions = redemptions;
    this.#now = now;
  }

  /**
   * Starts a sign-in. The `Set-Cookie` lines set the new transaction and remove those for which there is no more room, oldest
   * first. A return path too long for a cookie becomes `/`; the caller can compare and keep it elsewhere.
   */
  async start(
    cookieHeader: string | undefined,
    fields: Pick<Transaction, 'provider' | 'target' | 'nonceHash' | 'continues'>,
  ): Promise<{ transaction: Transaction; cookies: string[] }> {
    const startedAtMs = this.#now();
    const id = startedAtMs.toString(36).padStart(9, '0') + randomBytes(6).toString('base64url');
    const fresh = { state: `${id}.${random()}`, nonce: random(), verifier: random(), startedAtMs };
    for (const path of [fields.target.path, '/']) {
      const transaction: Transaction = { ...fields, ...fresh, target: { ...fields.target, path } };
      const value = (await seal(pack(transaction), this.#keys)) + SEPARATOR + escapePath(path);
      const cookie = this.#set(this.#prefix + id, value);
      if (cookie.length > MAX_LINE_CHARS) continue;
      return { transaction, cookies: [cookie, ...this.#evict(cookieHeader, cookie.length)] };
    }
    throw new PosternError('ERR_LOGIN_FAILED', 'the sign-in does not fit a cookie');
  }

  /**
   * Finishes the sign-in of a `state`, once. Throws `ERR_LOGIN_FAILED` unless this browser started it within the last ten
   * minutes and its address (`party`) has not finished too many. `found` is called before the sign-in is used up; if it throws,
   * the sign-in stays usable.
   */
  async finish(
    cookieHeader: string | undefined,
    state: string | undefined,
    party?: string,
    found: () => Promise<void> = async () => {},
  ): Promise<{ transaction: Transaction; cookie: string }> {
    const id = state?.split('.', 1)[0] ?? '';
    if (state === undefined || !ID.test(id)) throw loginFailed('the state is missing or not of this edge');
    const name = this.#prefix + id;
    const transaction = await this.#find(cookieValues(cookieHeader, name), state);
    if (transaction === undefined) throw loginFailed('this browser has no sign-in with this state');
    const endsAtMs = transaction.startedAtMs + LIFETIME_MS;
    if (endsAtMs <= this.#now()) throw loginFailed('the sign-in took longer than ten minutes');
    await found();
    if (!(await this.#redemptions.redeem(`state ${state}`, endsAtMs, party)))
      throw loginFailed('the state was already used');
    return { transaction, cookie: clearCookie(name, { secure: this.#secure }) };
  }

  async #find(values: readonly string[], state: string): Promise<Transaction | undefined> {
    for (const value of values) {
      const cut = value.indexOf(SEPARATOR);
      const payload = await open(value.slice(0, Math.max(cut, 0)), this.#keys);
      const transaction = payload && unpack(payload, unescapePath(value.slice(cut + 1)));
      if (transaction?.state === state) return transaction;
    }
    return undefined;
  }

  // By names and sizes only: opening each cookie would let an attacker who can plant cookies cause load.
  #evict(cookieHeader: string | undefined, newChars: number): string[] {
    let chars = newChars;
    let count = 1;
    const evicted: string[] = [];
    for (const { name, size } of this.#pending(cookieHeader)) {
      if (this.#isAlive(name)) {
        chars += size;
        count += 1;
        if (count <= MAX_AT_ONCE && chars <= MAX_CHARS_IN_ALL) continue;
      }
      evicted.push(clearCookie(name, { secure: this.#secure }));
    }
    return evicted;
  }

  /** The transactions of a browser, newest first. */
  #pending(cookieHeader: string | undefined): { name: string; size: number }[] {
    const pairs = (cookieHeader ?? '').split(';').map(trimOws);
    return pairs
      .filter((pair) => pair.startsWith(this.#prefix) && pair.includes('='))
      .map((pair) => ({ name: pair.slice(0, pair.indexOf('=')), size: pair.length }))
      .filter(({ name }) => ID.test(name.slice(this.#prefix.length)))
      .sort((a, b) => (a.name < b.name ? 1 : -1));
  }

  // This edge issues no names from the future, and such a cookie would outlive all genuine ones.
  #isAlive(name: string): boolean {
    const ageMs = this.#now() - Number.parseInt(name.slice(this.#prefix.length, this.#prefix.length + 9), 36);
    return Math.abs(ageMs) < LIFETIME_MS;
  }

  #set(name: string, value: string): string {
    return setCookie(name, value, { secure: this.#secure, maxAgeSeconds: LIFETIME_MS / 1000 });
  }
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

function pack({ state, nonce, verifier, provider, target, nonceHash, continues, startedAtMs }: Transaction): object {
  const name = target.name === undefined ? {} : { b: target.name };
  return {
    s: state,
    n: nonce,
    v: verifier,
    o: provider,
    t: startedAtMs,
    p: digest(target.path),
    h: nonceHash,
    c: continues,
    ...name,
  };
}

function unpack(payload: Readonly<Record<string, unknown>>, path: string): Transaction | undefined {
  const {
    s: state,
    n: nonce,
    v: verifier,
    o: provider,
    t: startedAtMs,
    p,
    h: nonceHash,
    c: continues,
    b: name,
  } = payload;
  if (typeof state !== 'string' || typeof nonce !== 'string' || typeof verifier !== 'string') return undefined;
  // An earlier release, which sealed no provider, started it: the visitor has to start again.
  if (typeof provider !== 'string') return undefined;
  if (typeof startedAtMs !== 'number' || p !== digest(path)) return undefined;
  const target: ReturnTarget = typeof name === 'string' ? { place: 'tunnel', name, path } : { place: 'base', path };
  return {
    ...{ state, nonce, verifier, provider, target, startedAtMs },
    ...(typeof nonceHash === 'string' && { nonceHash }),
    ...(typeof continues === 'string' && { continues }),
  };
}

function digest(path: string): string {
  return createHash('sha256').update(path).digest('base64url');
}

/** Reversible, code unit by code unit: `!` and four hexadecimal digits. "!" itself is escaped too. */
function escapePath(path: string): string {
  return path.replace(ESCAPED, (unit) => `!${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function unescapePath(text: string): string {
  return text.replace(/!([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function loginFailed(reason: string): PosternError {
  return new PosternError('ERR_LOGIN_FAILED', reason);
}
