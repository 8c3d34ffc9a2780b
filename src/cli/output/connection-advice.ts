/** Why there is no link to the edge, and what to do about it, for the person who runs the command. */
import type { ErrorCode, PosternError } from '../../errors.js';
import { ForeignResponse } from '../../link/handshake.js';

/** A cause in words, and the remedy where there is one. */
export interface Explanation {
  /** Continues "cannot reach <edge>: ", or is a sentence by itself. */
  readonly reason: string;
  readonly remedy?: string;
}

const CA = 'If the edge has a certificate of your company, name its authority: NODE_EXTRA_CA_CERTS=/path/to/ca.pem.';
const CLOCK = "Look at this machine's clock; if it is right, the operator must renew the certificate.";
const NAME = 'Look at --edge: it must be the host that the certificate is for.';
const NETWORK = 'Look at the network, a VPN or a firewall; if a proxy is the only way out, set HTTPS_PROXY.';

// The alerts of servers without one. Node has another code for each version of OpenSSL, and `EPROTO` for all of them.
const NO_CERTIFICATE = 'no certificate';
const ALERTS = /alert (?:handshake failure|internal error)|unrecognized name/;

const DOCTOR = '"postern doctor" looks at each part of the path.';

/** By the code of a system error, of TLS or of the HTTP parser. */
const CAUSES: Readonly<Record<string, Explanation>> = {
  ENOTFOUND: { reason: 'there is no such host', remedy: 'Look at --edge, and whether this network needs a VPN.' },
  EAI_AGAIN: { reason: 'the name cannot be looked up', remedy: 'Is there a network?' },
  ECONNREFUSED: { reason: 'nothing listens there', remedy: 'Look at --edge and its port, and whether the edge runs.' },
  ECONNRESET: { reason: 'the connection was cut', remedy: NETWORK },
  ENETUNREACH: { reason: 'there is no network', remedy: NETWORK },
  EHOSTUNREACH: { reason: 'the host cannot be reached', remedy: NETWORK },
  ETIMEDOUT: { reason: 'there was no reply', remedy: NETWORK },
  SELF_SIGNED_CERT_IN_CHAIN: { reason: 'its certificate is not trusted here', remedy: CA },
  DEPTH_ZERO_SELF_SIGNED_CERT: { reason: 'its certificate is not trusted here', remedy: CA },
  UNABLE_TO_GET_ISSUER_CERT: { reason: 'its certificate is not trusted here', remedy: CA },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { reason: 'its certificate is not trusted here', remedy: CA },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { reason: 'its certificate is not trusted here', remedy: CA },
  CERT_HAS_EXPIRED: { reason: 'its certificate has expired', remedy: CLOCK },
  CERT_NOT_YET_VALID: { reason: 'its certificate is not valid yet', remedy: CLOCK },
  ERR_TLS_CERT_ALTNAME_INVALID: { reason: 'its certificate is for another name', remedy: NAME },
  [NO_CERTIFICATE]: {
    reason: 'it has no certificate for this name',
    remedy: 'A new edge may still be obtaining one: its log says why it cannot. Look at --edge, too.',
  },
  EPROTO: { reason: 'it speaks no TLS', remedy: 'Is it an http:// address or another port?' },
  ERR_SSL_WRONG_VERSION_NUMBER: { reason: 'it speaks no TLS', remedy: 'Is it an http:// address or another port?' },
  HPE_INVALID_CONSTANT: { reason: 'it speaks no HTTP', remedy: 'Is it an https:// address or another port?' },
};

const REFUSED: Partial<Record<ErrorCode, string>> = {
  ERR_TOKEN_INVALID:
    'Ask the operator of the edge for a new token ("postern token create") and name its file with --token-file.',
  ERR_NAME_FORBIDDEN:
    'Choose a name that the token permits with --name, or ask the operator for a token with this one.',
  ERR_NAME_TAKEN: 'Choose another name with --name, or stop the other agent.',
  ERR_LIMIT_REACHED: 'Choose a name that you have used before with --name.',
  ERR_OFFER_INVALID: 'Look at --name and --allow.',
  ERR_PROTOCOL_VERSION: 'Look at --edge, and install the version of Postern that the edge runs.',
  ERR_ACCESS_DENIED: 'Look at --allow: the edge permits no more than its operator does.',
  ERR_NOT_FOUND:
    'Look at --edge: it must be the address of the edge itself, such as https://tunnel.acme.com, not of a tunnel.',
};

/** Why an attempt failed that will be repeated. */
export function explainOffline(error: PosternError, edge: string): Explanation {
  const { reason, remedy } = explainLost(error, edge);
  if (error.code !== 'ERR_LINK_LOST') return { reason };
  return { reason, remedy: remedy === undefined ? DOCTOR : `${remedy} ${DOCTOR}` };
}

/** The same for who looks at each part of the path already. */
export function explainLost(error: PosternError, edge: string): Explanation {
  if (error.code !== 'ERR_LINK_LOST') return { reason: error.text };
  const known = CAUSES[causeOf(error) ?? ''];
  if (known === undefined) return { reason: error.message };
  return { ...known, reason: `cannot reach ${new URL(edge).host}: ${known.reason}` };
}

/** A cause by its code, of TLS for instance. */
export function explainCode(code: string): Explanation | undefined {
  return Object.hasOwn(CAUSES, code) ? CAUSES[code] : undefined;
}

/** What to do about a permanent refusal. */
export function adviceFor(error: PosternError): string | undefined {
  if (!(error.cause instanceof ForeignResponse)) return REFUSED[error.code];
  const { origin } = error.cause;
  return origin === undefined
    ? 'Look at --edge: something else answers there, such as another site or the sign-in page of a network.'
    : `It points to ${origin}: if that is your edge, name it with --edge.`;
}

/** The first known code among the causes. Attempts at several addresses have one each, and they mostly agree. */
function causeOf(error: PosternError): string | undefined {
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes('handshake has timed out')) return 'ETIMEDOUT'; // by `ws`, which has no code for it
    if (ALERTS.test(cause.message)) return NO_CERTIFICATE;
    if ('code' in cause && typeof cause.code === 'string' && cause.code in CAUSES) return cause.code;
  }
  return undefined;
}
