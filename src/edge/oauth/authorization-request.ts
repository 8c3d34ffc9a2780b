/**
 * The authorization request and its response (RFC 6749 section 4.1), the same for agents and for the clients of visitors: what
 * may be told to a person only, and what to the client.
 */
import { PosternError } from '../../errors.js';
import type { Visit } from '../request/visit.js';
import { isCodeChallenge } from './client.js';
import { OAuthError } from './oauth-error.js';
import { type Parameters, readFormParameters, readQuery, required } from './parameters.js';

// The return path of a sign-in at the provider is kept in a cookie.
const MAX_PATH_CHARS = 2_048;

/** The parameters of a request. Throws `ERR_BAD_REQUEST`: where a response may go is not known yet. */
export function readAuthorizationRequest(visit: Visit): Parameters {
  const parameters = forPerson(() => readQuery(visit));
  if (visit.path.length > MAX_PATH_CHARS) throw badRequest('The address is too long.');
  return parameters;
}

/** What may be told to the client. Throws `OAuthError`. */
export function checkRequest(parameters: Parameters): void {
  if (required(parameters, 'response_type') !== 'code')
    throw new OAuthError('unsupported_response_type', 'The response_type must be code.');
  if (!['query', undefined].includes(parameters.get('response_mode')))
    throw new OAuthError('invalid_request', 'The response_mode must be query.');
  if (parameters.get('code_challenge_method') !== 'S256' || !isCodeChallenge(parameters.get('code_challenge') ?? ''))
    throw new OAuthError('invalid_request', 'PKCE is required: a code_challenge with the code_challenge_method S256.');
}

/** The decision of a person: the request is in the query, and the body has nothing else. */
export function readDecision(visit: Visit): Promise<Parameters> {
  return readFormParameters(visit).catch(toPerson);
}

/** The URL of a response (section 4.1.2), at the redirect URI of the request, which was checked. `issuer`: RFC 9207. */
export function responseUrl(parameters: Parameters, issuer: string, fields: Readonly<Record<string, string>>): string {
  const state = parameters.get('state');
  const query = new URLSearchParams({ ...fields, ...(state !== undefined && { state }), iss: issuer });
  const uri = parameters.get('redirect_uri') ?? '';
  return `${uri}${uri.includes('?') ? '&' : '?'}${query}`;
}

/** Throws `ERR_BAD_REQUEST` for an error that may be told to the person alone. */
export function forPerson<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    return toPerson(thrown);
  }
}

export function toPerson(thrown: unknown): never {
  throw thrown instanceof OAuthError ? badRequest(thrown.message) : thrown;
}

/** An error for the person alone. */
export function badRequest(text: string): PosternError {
  return new PosternError('ERR_BAD_REQUEST', text, { text });
}
