/** The parameters of OAuth requests: in a query, or in a form. One that is repeated makes the request invalid (RFC 6749 section 3.1). */
import { isRepeatable, MAX_SMALL_FORM_BYTES, readForm } from '../replies/repost.js';
import type { Visit, VisitRequest } from '../request/visit.js';
import { queryOf } from '../routes/session.js';
import { OAuthError } from './oauth-error.js';

export type Parameters = ReadonlyMap<string, string>;

// Longer than any that the edge gives out, such as the `client_id` of a client that has registered itself, and than the `state` of most
// clients. What a request is kept or compared by has bounds of its own; in a query the length of the path is bounded, too.
const MAX_VALUE_CHARS = 1_024;
const MAX_PARAMETERS = 30;

/** Reads the query of a request. Throws `invalid_request`. */
export function readQuery(request: Pick<VisitRequest, 'path'>): Parameters {
  return unique([...queryOf(request)]);
}

/** Reads the form that a request posts, urlencoded. Rejects with `invalid_request`. */
export async function readFormParameters(visit: Visit): Promise<Parameters> {
  const fields = isRepeatable(visit) ? await readForm(visit, MAX_SMALL_FORM_BYTES) : undefined;
  if (fields === undefined)
    throw new OAuthError('invalid_request', 'The body is not a form (application/x-www-form-urlencoded).');
  return unique(fields);
}

/** A parameter that must be there and not be empty. Throws `invalid_request`. */
export function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name) ?? '';
  if (value === '') throw new OAuthError('invalid_request', `The parameter ${name} is missing.`);
  return value;
}

function unique(pairs: readonly (readonly [name: string, value: string])[]): Parameters {
  const parameters = new Map(pairs);
  if (parameters.size < pairs.length) throw new OAuthError('invalid_request', 'A parameter is there twice.');
  if (pairs.length > MAX_PARAMETERS || pairs.some(([, value]) => value.length > MAX_VALUE_CHARS))
    throw new OAuthError('invalid_request', 'A parameter is too long, or there are too many.');
  return parameters;
}
