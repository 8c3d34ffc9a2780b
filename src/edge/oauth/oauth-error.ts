/**
 * The replies of the endpoints that agents and other OAuth clients call, and the errors among them (RFC 6749 sections 4.1.2.1 and 5.2,
 * RFC 7591 section 3.2.2, RFC 8628 section 3.5, RFC 8707 section 2).
 */
import { asPosternError, type PosternError } from '../../errors.js';
import { jsonReply } from '../replies/reply.js';
import type { Reply } from '../request/visit.js';

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_client_metadata'
  | 'invalid_redirect_uri'
  | 'invalid_target'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'unsupported_token_type'
  | 'access_denied'
  | 'temporarily_unavailable'
  | 'server_error'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token';

/** A request of a client that is refused. `message` is the `error_description`, and has no value of the request in it. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly error: OAuthErrorCode;
  readonly status: number;

  constructor(error: OAuthErrorCode, description: string, status = 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}

/**
 * Not stored by caches, `Pragma` for those of HTTP/1.0 (RFC 6749 section 5.1). Pages of other origins cannot read it, unless
 * `openToPages` lets them.
 */
export function oauthReply(body: object, status = 200): Reply {
  return { ...jsonReply(body, { 'Cache-Control': 'no-store', Pragma: 'no-cache' }), status };
}

/** The reply to anything that an endpoint throws. */
export function oauthErrorReply(thrown: unknown): Reply {
  if (thrown instanceof OAuthError)
    return oauthReply({ error: thrown.error, error_description: thrown.message }, thrown.status);
  const error = asPosternError(thrown);
  const reply = oauthReply({ error: codeOf(error), error_description: error.text }, error.status);
  return { ...reply, error: error.code };
}

function codeOf({ status }: PosternError): OAuthErrorCode {
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}
