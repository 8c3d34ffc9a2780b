/**
 * Dynamic registration (RFC 7591) for clients without a metadata document. The edge remembers none of them: a `client_id` is what
 * the client said, sealed by an HMAC, so a flood of registrations takes no room and displaces none.
 */
import { deriveKeys, type Key } from '../../core/keys.js';
import { isMacOf, macOf } from '../../core/mac.js';
import { readObject } from '../../store/json-value.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { type Client, readClientClaims } from './client.js';

/** The longest `client_id`: it travels in the query of the authorization request. */
export const MAX_REGISTERED_ID_CHARS = 768;

/** How long a registration counts. */
export const REGISTRATION_MS = 90 * 86_400_000;

const REGISTERED = /^postern_client_([\w-]+)\.([\w-]{43})$/;

export class Registrations {
  readonly #keys: readonly [Key, ...Key[]];
  readonly #now: () => number;

  /** The operator's secrets, newest first: the first seals, all of them verify. */
  constructor(secrets: readonly string[], now: () => number = Date.now) {
    this.#keys = deriveKeys(secrets, 'client-registration');
    this.#now = now;
  }

  /** Throws `invalid_redirect_uri` or `invalid_client_metadata`. */
  register(fields: Readonly<Record<string, unknown>>): Client & { readonly atSeconds: number } {
    const { name, redirectUris } = readClientClaims(fields);
    const atSeconds = Math.floor(this.#now() / 1000);
    const text = Buffer.from(JSON.stringify({ n: name, r: redirectUris, t: atSeconds })).toString('base64url');
    const id = `postern_client_${text}.${macOf(this.#keys[0], text)}`;
    if (id.length > MAX_REGISTERED_ID_CHARS) throw new OAuthError('invalid_client_metadata', TOO_LONG);
    return { id, name, host: undefined, redirectUris, atSeconds };
  }

  /** The client of a `client_id`; undefined if it is of no registration that counts. */
  find(clientId: string): Client | undefined {
    const [, text, given] = clientId.length <= MAX_REGISTERED_ID_CHARS ? (REGISTERED.exec(clientId) ?? []) : [];
    if (text === undefined || given === undefined || !isMacOf(this.#keys, text, given)) return undefined;
    const { n, r, t } = readObject(Buffer.from(text, 'base64url').toString());
    if (typeof t !== 'number' || this.#now() - t * 1000 >= REGISTRATION_MS) return undefined;
    return { id: clientId, name: String(n), host: undefined, redirectUris: r as string[] }; // of ours: as `register` wrote it
  }
}

const TOO_LONG = 'client_name and redirect_uris are too long together: name fewer or shorter addresses.';
