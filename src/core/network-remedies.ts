/** What an operator can do about an error of the system or of TLS on the path to another server: a sentence for each. */

const REMEDIES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host: look at the address',
  EAI_AGAIN: 'its name cannot be looked up now: look at the DNS of this machine',
  ECONNREFUSED: 'nothing listens there: look at the address',
  CERT_HAS_EXPIRED: 'its certificate has expired, or the clock of this machine is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, or the clock of this machine is wrong',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host: look at the address',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS: look at the scheme and port of the address',
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
