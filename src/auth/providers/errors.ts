/**
 * What went wrong between this edge and the identity provider, as errors of ours. Errors of the libraries carry codes,
 * tokens and claims in their causes: only their messages go further, so that whatever a log makes of our error, none of
 * that is in it.
 */
import { PosternError } from '../../errors.js';

// A library wraps an error of ours twice at most; the rest is there against a chain without end.
const MAX_CAUSES = 5;

/** An error that was thrown on the way: one of ours within it stands, any other becomes `ERR_LOGIN_FAILED`. */
export function translateProviderError(error: unknown, providerCode?: string): PosternError {
  const chain = causesOf(error);
  const own = chain.find((cause) => cause instanceof PosternError);
  if (own !== undefined) return own;
  // The message of a SyntaxError quotes what could not be parsed.
  const messages = chain.map((cause) => (cause instanceof SyntaxError ? cause.name : cause.message));
  return refused([...messages, ...(providerCode === undefined ? [] : [codeWord(providerCode)])].join(': '));
}

/** An error that the provider sent the visitor back with (RFC 6749 section 4.1.2.1). */
export function refusalOf(code: string): PosternError {
  const detail = `the identity provider answered ${codeWord(code)}`;
  if (code === 'server_error' || code === 'temporarily_unavailable') {
    return new PosternError('ERR_PROVIDER_UNAVAILABLE', detail);
  }
  if (code !== 'access_denied') return new PosternError('ERR_LOGIN_FAILED', detail);
  return new PosternError('ERR_ACCESS_DENIED', detail, {
    text: 'The sign-in was given up, or refused, at the identity provider.',
  });
}

/** A response of the provider that proves nothing. */
export function refused(reason: string): PosternError {
  return new PosternError('ERR_LOGIN_FAILED', `the answer of the identity provider was refused: ${reason}`);
}

function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && chain.length < MAX_CAUSES; at = at.cause) chain.push(at);
  return chain;
}

// It comes from a URL or a body that anybody may have written.
function codeWord(code: string): string {
  return /^[\w.:-]{1,64}$/.test(code) ? code : 'an error';
}
