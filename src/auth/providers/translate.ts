/** Translates what `openid-client` throws into `PosternError`. */
import { AuthorizationResponseError, ResponseBodyError } from 'openid-client';
import type { PosternError } from '../../errors.js';
import { authorizationError, translateProviderError } from './errors.js';

/** Keeps the codes of the provider's error responses, and no other value of a response. */
export function translate(error: unknown): PosternError {
  if (error instanceof AuthorizationResponseError) return authorizationError(error.error);
  return translateProviderError(error, error instanceof ResponseBodyError ? error.error : undefined);
}
