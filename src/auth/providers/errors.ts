/**
 * Translates failures at the identity provider into `PosternError`. The libraries' errors hold codes, tokens and claims in
 * their causes, so only their messages are kept: a log that prints the whole error shows none of those.
 */
import { PosternError } from '../../errors.js';

// The libraries wrap an error twice at most; the bound protects against a circular chain.
const MAX_CAUSES = 5;

/** Returns the `PosternError` in the chain of causes; makes any other error an `ERR_LOGIN_FAILED`. */
export function translateProviderError(error: unknown, providerCode?: string): PosternError {
  const chain = causesOf(error);
  const own = chain.find((cause) => cause instanceof PosternError);
  if (own !== undefined) return own;
  // The message of a SyntaxError quotes what could not be parsed.
  const messages = chain.map((cause) => (cause instanceof SyntaxError ? cause.name : cause.message));
  return invalidResponse([...messages, ...(providerCode === undefined ? [] : [codeWord(providerCode)])].join(': '));
}

/** The error of an authorization error response (RFC 6749 section 4.1.2.1). */
export function authorizationError(code: string): PosternError {
  const detail = `the identity provider answered ${codeWord(code)}`;
  if (code === 'server_error' || code === 'temporarily_unavailable') {
    return new PosternError('ERR_PROVIDER_UNAVAILABLE', detail);
  }
  if (code !== 'access_denied') return new PosternError('ERR_LOGIN_FAILED', detail);
  return new PosternError('ERR_ACCESS_DENIED', detail, {
    text: 'The sign-in was given up, or refused, at the identity provider.',
  });
}

/** The error for a response of the provider that is invalid. */
export function invalidResponse(reason: string): PosternError {
  return new PosternError('ERR_LOGIN_FAILED', `the answer of the identity provider was refused: ${reason}`);
}

function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && chain.length < MAX_CAUSES; at = at.cause) chain.push(at);
  return chain;
}

// Untrusted: it comes from a URL or a body that anyone may have written.
function codeWord(code: string): string {
  return /^[\w.:-]{1,64}$/.test(code) ? code : 'an error';
}
