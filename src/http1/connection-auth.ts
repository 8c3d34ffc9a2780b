/**
 * Authentication schemes that sign a connection in and not a request: NTLM and Negotiate (RFC 4559), against the rule of
 * RFC 9110 section 11.7. What follows on such a connection acts as whoever signed in, so it must carry nobody else's.
 */

const CREDENTIALS = /^[ \t]*(?:ntlm|negotiate)(?:[ \t]|$)/i;
const CHALLENGES = /(?:^|[, \t])(?:ntlm|negotiate)(?:[, \t]|$)/i;

/** Whether this value of `Authorization` signs the connection in. */
export function signsConnectionIn(value: string): boolean {
  return CREDENTIALS.test(value);
}

/** Whether this value of `WWW-Authenticate` asks for such a sign-in. A word in a realm is taken for one: it costs little. */
export function offersConnectionAuth(value: string): boolean {
  return CHALLENGES.test(value);
}
