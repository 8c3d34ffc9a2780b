/**
 * Access tokens: credentials of machine visitors, each for one tunnel and its owner. A token is shown once, and only its hash is
 * remembered. Whether one is valid is read from this node's own copy.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { PosternError } from '../../errors.js';
import { readObject } from '../../store/json-value.js';
import { Pending } from '../../store/pending.js';
import type { Entry, Store } from '../../store/store.js';
import { ACCESS_TOKEN_PREFIX } from '../request/access-token.js';
import type { Owned } from './grants.js';
import { Room } from './room.js';
import { TunnelMirror, tunnelOf } from './tunnel-mirror.js';

export interface AccessToken {
  /** Names it, and is a part of it that is no secret. */
  readonly id: string;
  readonly tunnel: string;
  /** Canonical email of the tunnel's owner. */
  readonly owner: string;
  /** As people call it, and as audit record and log do. */
  readonly name: string;
  /** Who has made it. */
  readonly by: string;
  readonly sinceMs: number;
  readonly expiresAtMs: number;
}

/** The most of one tunnel and of one owner, and the longest life of one. */
export const MAX_ACCESS_TOKENS = 50;
export const MAX_ACCESS_TOKENS_OF_OWNER = 500;
export const MAX_ACCESS_TOKEN_MS = 365 * 86_400_000;

const PREFIX = 'access-token:';
const ID_BYTES = 6;
const SECRET_BYTES = 32;
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$/i;
const TOKEN = new RegExp(`^${ACCESS_TOKEN_PREFIX}([0-9a-f]{${2 * ID_BYTES}})[\\w-]{43}$`);

type Remembered = AccessToken & { readonly hash: Buffer };

export class AccessTokens {
  readonly ready: Promise<void>;
  readonly #store: Store;
  readonly #now: () => number;
  readonly #mirror: TunnelMirror<Remembered>;
  readonly #room = new Room({
    what: 'access tokens',
    ofTunnel: MAX_ACCESS_TOKENS,
    ofOwner: MAX_ACCESS_TOKENS_OF_OWNER,
  });
  /** The names of those that are being made. */
  readonly #names = new Pending();

  constructor({ store, now = Date.now }: { readonly store: Store; readonly now?: () => number }) {
    this.#store = store;
    this.#now = now;
    this.#mirror = new TunnelMirror({ store, prefix: PREFIX, read: readToken, now });
    this.ready = this.#mirror.ready;
  }

  /**
   * Makes a token. Resolves to what is remembered of it and to the token itself, which is never shown again. Throws
   * `ERR_BAD_REQUEST` for an unfit name or lifetime, `ERR_LIMIT_REACHED`, `ERR_STORE_UNAVAILABLE`.
   */
  async create(
    tunnel: Owned,
    { name, by, forMs }: { readonly name: string; readonly by: string; readonly forMs: number },
  ): Promise<{ readonly created: AccessToken; readonly token: string }> {
    this.#check(tunnel, name, forMs);
    const id = randomBytes(ID_BYTES).toString('hex');
    const token = `${ACCESS_TOKEN_PREFIX}${id}${randomBytes(SECRET_BYTES).toString('base64url')}`;
    const sinceMs = this.#now();
    const expiresAtMs = sinceMs + forMs;
    const { owner } = tunnel;
    const value = JSON.stringify({ owner, name, by, since: sinceMs, hash: hashOf(token).toString('base64url') });
    const write = () => this.#store.put(`${PREFIX}${tunnel.name}/${id}`, value, { expiresAtMs });
    const held = { ofTunnel: this.list(tunnel).length, ofOwner: this.#mirror.countOf(owner) };
    await this.#names.during([nameKey(tunnel, name)], () => this.#room.take(tunnel, held, write));
    return { created: { id, tunnel: tunnel.name, owner, name, by, sinceMs, expiresAtMs }, token };
  }

  /** The valid tokens of a tunnel, oldest first. */
  list({ name, owner }: Owned): AccessToken[] {
    const tokens = this.#mirror.of(name).filter((token) => token.owner === owner);
    return tokens.sort((one, other) => one.sinceMs - other.sinceMs);
  }

  /** Ends a token. Resolves to what it was; undefined if there was none. */
  async revoke(tunnel: Owned, id: string): Promise<AccessToken | undefined> {
    const found = this.list(tunnel).find((token) => token.id === id);
    return found !== undefined && (await this.#store.delete(`${PREFIX}${tunnel.name}/${id}`)) ? found : undefined;
  }

  /** The name of a token that is valid for a tunnel now; undefined for any other text. */
  nameOf({ name, owner }: Owned, text: string): string | undefined {
    const id = TOKEN.exec(text)?.[1];
    const token = id === undefined ? undefined : this.#mirror.get(name, id);
    if (token === undefined || token.owner !== owner) return undefined;
    return timingSafeEqual(token.hash, hashOf(text)) ? token.name : undefined;
  }

  /** Calls the listener with the tunnels whose tokens have changed, here or at another node, or have expired. */
  onChange(listener: (tunnels: readonly string[]) => void): void {
    this.#mirror.onChange(listener);
  }

  /** Removes what former owners of a name have left. Rejects with `ERR_STORE_UNAVAILABLE`. */
  forgetOthers(tunnel: Owned): Promise<void> {
    return this.#mirror.forgetOthers(tunnel);
  }

  close(): void {
    this.#mirror.close();
  }

  #check(tunnel: Owned, name: string, forMs: number): void {
    if (!NAME.test(name))
      throw refusal(
        'ERR_BAD_REQUEST',
        'That is no name of an access token: expected 1 to 32 letters, digits, ".", "_" or "-", such as ci.',
      );
    if (!(forMs >= 1_000 && forMs <= MAX_ACCESS_TOKEN_MS))
      throw refusal('ERR_BAD_REQUEST', 'An access token lives for at most 365 days.');
    const isTaken = this.list(tunnel).some((token) => token.name === name);
    if (isTaken || this.#names.of(nameKey(tunnel, name)) > 0)
      throw refusal(
        'ERR_BAD_REQUEST',
        'The tunnel has an access token of this name: revoke that one first, or choose another name.',
      );
  }
}

function nameKey(tunnel: Owned, name: string): string {
  return `${tunnel.name} ${name}`;
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function readToken({ key, value, expiresAtMs }: Entry): Remembered | undefined {
  const rest = key.slice(PREFIX.length);
  const tunnel = tunnelOf(rest);
  const { owner, name, by, since, hash } = readObject(value);
  if (typeof owner !== 'string' || typeof name !== 'string' || typeof by !== 'string') return undefined;
  if (typeof since !== 'number' || typeof hash !== 'string' || expiresAtMs === undefined) return undefined;
  const bytes = Buffer.from(hash, 'base64url');
  if (bytes.length !== 32) return undefined; // SHA-256
  return { id: rest.slice(tunnel.length + 1), tunnel, owner, name, by, sinceMs: since, expiresAtMs, hash: bytes };
}

function refusal(code: 'ERR_BAD_REQUEST', text: string): PosternError {
  return new PosternError(code, text, { text });
}
