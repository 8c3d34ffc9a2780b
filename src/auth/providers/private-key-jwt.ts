/** Client authentication with a JWT that the private key of the client signs (OpenID Connect Core section 9, RFC 7523). */
import { type KeyObject, webcrypto } from 'node:crypto';
import { type ClientAuth, modifyAssertion, PrivateKeyJwt, type ServerMetadata } from 'openid-client';
import { invalidResponse } from './errors.js';

/** The private key of this client. */
export interface ClientKey {
  readonly key: KeyObject;
  /** JWS algorithms that it can sign with, the preferred one first. */
  readonly algorithms: readonly string[];
  /** The parameters of the header that name the key. */
  readonly names: Readonly<Record<string, string>>;
}

type Audience = (server: Readonly<ServerMetadata>, body: URLSearchParams) => string | undefined;

const METHOD = 'private_key_jwt';

/** How `subtle` imports a key for an algorithm. */
const IMPORTS: Readonly<Record<string, webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams>> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  ES512: { name: 'ECDSA', namedCurve: 'P-521' },
};

/**
 * The two ways to name the recipient: by the issuer, as RFC 9126 and newer rules have it, and by the endpoint that the JWT is
 * sent to, as OpenID Connect Core has it and Entra and Okta ask for. Never by another endpoint: a provider could pass the JWT on to
 * whose that is. Throws `ERR_LOGIN_FAILED` when the provider takes no signature of this key.
 */
export function privateKeyJwt(
  { key, algorithms, names }: ClientKey,
  metadata: Readonly<Partial<ServerMetadata>>,
): readonly [ClientAuth, ClientAuth] {
  const algorithm = chooseAlgorithm(algorithms, metadata);
  let imported: Promise<webcrypto.CryptoKey> | undefined;
  const naming = (audience: Audience): ClientAuth => {
    return async (server, client, body, headers) => {
      imported ??= importKey(key, algorithm);
      const authenticate = PrivateKeyJwt(await imported, {
        [modifyAssertion]: (header, payload) => {
          Object.assign(header, { alg: algorithm, typ: 'JWT', ...names });
          payload['aud'] = audience(server, body) ?? server.issuer;
        },
      });
      await authenticate(server, client, body, headers);
    };
  };
  return [naming(({ issuer }) => issuer), naming(endpointOf)];
}

// RFC 6749 section 4.1.3: a token request has a `grant_type`. The other endpoint in use is that of pushed requests.
function endpointOf(server: Readonly<ServerMetadata>, body: URLSearchParams): string | undefined {
  return body.has('grant_type') ? server.token_endpoint : server.pushed_authorization_request_endpoint;
}

function chooseAlgorithm(algorithms: readonly string[], metadata: Readonly<Partial<ServerMetadata>>): string {
  const { token_endpoint_auth_methods_supported: methods } = metadata;
  if (Array.isArray(methods) && !methods.includes(METHOD))
    throw invalidResponse(`it does not accept ${METHOD}: expected a client secret instead of the client key`);
  const { token_endpoint_auth_signing_alg_values_supported: supported } = metadata;
  const usable = Array.isArray(supported) ? algorithms.filter((name) => supported.includes(name)) : algorithms;
  const [algorithm] = usable;
  if (algorithm !== undefined) return algorithm;
  throw invalidResponse(`it accepts no signature by ${algorithms.join(' or ')}: expected a client key of another type`);
}

function importKey(key: KeyObject, algorithm: string): Promise<webcrypto.CryptoKey> {
  const der = key.export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, IMPORTS[algorithm] ?? { name: 'Ed25519' }, false, ['sign']);
}
