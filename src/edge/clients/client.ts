/**
 * An OAuth client that acts for a visitor, such as an MCP client: who it says it is, and where it may be answered. All of
 * them are public clients, which prove nothing of themselves (RFC 6749 section 2.1): a person decides by what is shown here.
 */
import { trimOws } from '../../core/white-space.js';
import { shownText } from '../oauth/client.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { isRedirectUri } from './redirect-uris.js';

export interface Client {
  /** The `client_id`. */
  readonly id: string;
  /** As it calls itself: hostile text, cut, printable and without quotation marks. Empty when it says nothing. */
  readonly name: string;
  /** The host of its metadata document, which is proven; undefined for one that has registered itself, of which nothing is. */
  readonly host: string | undefined;
  readonly redirectUris: readonly string[];
}

/** What a client says of itself, in a metadata document or when it registers (RFC 7591 section 2). */
export type ClientClaims = Pick<Client, 'name' | 'redirectUris'>;

export const MAX_REDIRECT_URIS = 20;

/** Throws `invalid_redirect_uri` or `invalid_client_metadata` (RFC 7591 section 3.2.2). Unknown fields are ignored, as it demands. */
export function readClientClaims(fields: Readonly<Record<string, unknown>>): ClientClaims {
  const { redirect_uris: uris, client_name: name = '' } = fields;
  if (typeof name !== 'string') throw invalid('client_name is not a text.');
  if (!Array.isArray(uris) || uris.length === 0 || uris.length > MAX_REDIRECT_URIS)
    throw new OAuthError('invalid_redirect_uri', `redirect_uris is not a list of 1 to ${MAX_REDIRECT_URIS} addresses.`);
  if (!uris.every((uri) => typeof uri === 'string' && isRedirectUri(uri)))
    throw new OAuthError('invalid_redirect_uri', UNFIT_URI);
  checkUse(fields);
  return { name: shownText(trimOws(name)), redirectUris: uris as string[] }; // checked above
}

/** A client that could not work here learns it at once: it must want codes. */
function checkUse({ grant_types: grants, response_types: responses }: Readonly<Record<string, unknown>>): void {
  if (grants !== undefined && !(Array.isArray(grants) && grants.includes('authorization_code')))
    throw invalid('grant_types must have authorization_code.');
  if (responses !== undefined && !(Array.isArray(responses) && responses.includes('code')))
    throw invalid('response_types must have code.');
}

const UNFIT_URI =
  'One of redirect_uris is neither an https address nor http://127.0.0.1, http://[::1] or http://localhost, or has a fragment or user information.';

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_client_metadata', description);
}
