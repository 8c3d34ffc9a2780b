/**
 * Authentication schemes that authenticate a connection instead of a request: NTLM and Negotiate (RFC 4559), which RFC 9110
 * section 11.7 does not permit. All later requests on such a connection have the same identity, so it must not be shared.
 */

const CREDENTIALS = /^[ \t]*(?:ntlm|negotiate)(?:[ \t]|$)/i;
const CHALLENGES = /(?:^|[, \t])(?:ntlm|negotiate)(?:[, \t]|$)/i;

/** Whether a value of `Authorization` authenticates the connection. */
export function signsConnectionIn(value: string): boolean {
  return CREDENTIALS.test(value);
}

/** Whether a value of `WWW-Authenticate` offers such a scheme. The word in a realm counts too, which costs little. */
export function offersConnectionAuth(value: string): boolean {
  return CHALLENGES.test(value);
}
