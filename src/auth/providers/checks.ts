/** Problems with an identity provider that can be found before the first sign-in, as sentences with the remedy. Each is true of the flat options and of the keys below `providers:`. */
import { CLOCK_TOLERANCE_SECONDS } from './claims.js';

export const SECRET_REFUSED =
  'the identity provider does not accept the client id with the client secret: copy both anew from its console';

export const KEY_REFUSED =
  'the identity provider does not accept the client id with the client key: register the public half of this very key there';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host: look at the issuer',
  EAI_AGAIN: 'its name cannot be looked up now: look at the DNS of this machine',
  ECONNREFUSED: 'nothing listens there: look at the issuer',
  CERT_HAS_EXPIRED: 'its certificate has expired, or the clock of this machine is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, or the clock of this machine is wrong',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host: look at the issuer',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS: look at the scheme and port of the issuer',
  ...Object.fromEntries(
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    ].map((code) => [
      code,
      'its certificate is not trusted here: name the file of its authority in NODE_EXTRA_CA_CERTS',
    ]),
  ),
};

/** The remedy for an error of the system or of TLS; undefined for an unknown one. */
export function remedyFor(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? REMEDIES[code] : undefined;
}

/** How far this machine's clock is from a `Date` of the provider (RFC 9110 section 6.6.1); undefined when it is right. */
export function clockFinding(date: string | null, nowMs: number): string | undefined {
  const seconds = date === null ? 0 : Math.round((nowMs - Date.parse(date)) / 1000);
  // A date has a precision of one second, and the response took a moment. NaN: not a date.
  if (!(Math.abs(seconds) > CLOCK_TOLERANCE_SECONDS)) return undefined;
  const way = seconds > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${Math.abs(seconds)} seconds ${way} the identity provider's: sign-ins fail until it is set`;
}
