/** The URLs of an identity provider that the edge accepts: https, and plain http only on loopback. */
import { isLoopback } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';

// Consoles of providers show this URL, and operators paste it as the issuer (OpenID Connect Discovery section 4).
const METADATA_PATH = /\/\.well-known\/openid-configuration$/;

/**
 * Reads the URL of an issuer, or of its metadata. Throws `ERR_CONFIG_INVALID` unless it is https, or http on loopback,
 * without a query.
 */
export function readIssuer(given: string): URL {
  const text = given.replace(METADATA_PATH, '');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBare = url !== undefined && `${url.username}${url.password}${url.search}${url.hash}` === '';
  if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))) return url;
  throw new PosternError('ERR_CONFIG_INVALID', 'The OIDC issuer must be a https URL, or a http URL on loopback.');
}

/** The canonical text of an issuer, for identities, sessions and the audit record. */
export function issuerText(issuer: URL): string {
  return issuer.pathname === '/' ? issuer.origin : issuer.href;
}

/** Whether a URL in the metadata of this issuer can be used: https, or http on loopback when the issuer is http too. */
export function isEndpoint(value: unknown, issuer: URL): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && issuer.protocol === 'http:' && isLoopback(hostname));
}
