/**
 * Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): the `client_id` is the https URL of a JSON
 * document with what the client says of itself. Which URLs may be one, and what a document must hold. Pure functions.
 */
import { isIP } from 'node:net';
import { readObject } from '../../store/json-value.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { type Client, readClientClaims } from './client.js';
import { isRedirectUri } from './redirect-uris.js';

export const MAX_CLIENT_ID_CHARS = 256;

// Compared as text with what the document says: one spelling, of the default port, with a path, without query, fragment,
// user information and dot segments (section 3).
const CLIENT_ID = /^https:\/\/((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63})(\/[\w.~!$&'()*+,;=:@%/-]+)$/;

/** The host of a `client_id` that is the URL of a document; undefined for any other. */
export function documentHost(clientId: string): string | undefined {
  const [, host, path] = clientId.length <= MAX_CLIENT_ID_CHARS ? (CLIENT_ID.exec(clientId) ?? []) : [];
  if (host === undefined || path === undefined || !URL.canParse(clientId)) return undefined;
  const isPlain = new URL(clientId).href === clientId; // the parser resolves dot segments and other ways to write an address
  return isPlain && isIP(host) === 0 ? host : undefined;
}

/** Reads a document. Throws `invalid_client`, with what is wrong. */
export function readDocument(clientId: string, host: string, text: string): Client {
  const fields = readObject(text);
  if (fields['client_id'] === undefined) throw unfit('it is not a JSON object with a client_id.');
  if (fields['client_id'] !== clientId) throw unfit('it is of another client_id.');
  checkAuthentication(fields);
  return { id: clientId, host, ...claimsOf(fields) };
}

// A document is the same for all servers: what it says for others, such as a scheme of the app's own, counts for nothing here.
function claimsOf(fields: Readonly<Record<string, unknown>>) {
  const { redirect_uris: all } = fields;
  const fit = Array.isArray(all) ? all.filter((uri) => typeof uri === 'string' && isRedirectUri(uri)) : [];
  try {
    return readClientClaims(fit.length === 0 ? fields : { ...fields, redirect_uris: fit });
  } catch (thrown) {
    throw thrown instanceof OAuthError ? unfit(thrown.message) : thrown;
  }
}

/** A document is public: no secret can be in it (section 4.1). One that demands a key would be taken for more than it is. */
function checkAuthentication(fields: Readonly<Record<string, unknown>>): void {
  const method = fields['token_endpoint_auth_method'] ?? 'none';
  if (fields['client_secret'] !== undefined) throw unfit('it has a client_secret, which everyone can read.');
  if (method !== 'none') throw unfit('token_endpoint_auth_method is not none: this edge knows public clients only.');
}

/** The error for a document that cannot be used. */
export function unfit(reason: string): OAuthError {
  return new OAuthError('invalid_client', `The client’s metadata document cannot be used: ${reason}`);
}
