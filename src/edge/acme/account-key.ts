/** The key of an ACME account: signs requests as flattened JWS (RFC 8555 section 6.2) and key authorizations. Owns `jose` here. */
import { calculateJwkThumbprint, exportJWK, FlattenedSign, generateKeyPair, importJWK, type JWK } from 'jose';

const ALGORITHM = 'ES256';

/** An account with the authority that was opened outside of ACME: its key id and MAC key. */
export interface ExternalAccount {
  readonly kid: string;
  readonly key: Uint8Array;
}

/** The protected header of a request beside `alg`: who signs it, and that it is sent once, and where. */
export type Signer = { readonly jwk: JWK } | { readonly kid: string };

export class AccountKey {
  /** The private key. The store must hold it sealed only. */
  readonly jwk: JWK;
  readonly #key: Parameters<FlattenedSign['sign']>[0];
  readonly #thumbprint: string;

  private constructor(jwk: JWK, key: Parameters<FlattenedSign['sign']>[0], thumbprint: string) {
    this.jwk = jwk;
    this.#key = key;
    this.#thumbprint = thumbprint;
  }

  static async generate(): Promise<AccountKey> {
    const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
    return AccountKey.from(await exportJWK(privateKey));
  }

  /** Rejects for anything that is not a private key of ES256. */
  static async from(jwk: JWK): Promise<AccountKey> {
    if (jwk.kty !== 'EC' || jwk.crv !== 'P-256' || jwk.d === undefined)
      throw new TypeError('not a private key of P-256');
    return new AccountKey(jwk, await importJWK(jwk, ALGORITHM), await calculateJwkThumbprint(jwk, 'sha256'));
  }

  get publicJwk(): JWK {
    const { kty, crv, x, y } = this.jwk as JWK & Record<'kty' | 'crv' | 'x' | 'y', string>;
    return { kty, crv, x, y };
  }

  /** The body of a request. `payload` undefined is POST-as-GET (section 6.3). */
  async sign(payload: object | undefined, header: Signer & { nonce: string; url: string }): Promise<string> {
    const bytes = Buffer.from(payload === undefined ? '' : JSON.stringify(payload));
    const signed = await new FlattenedSign(bytes).setProtectedHeader({ alg: ALGORITHM, ...header }).sign(this.#key);
    return JSON.stringify(signed);
  }

  /** The proof that the holder of an external account lets this key use it, for a request to `url` (section 7.3.4). */
  async bindTo({ kid, key }: ExternalAccount, url: string): Promise<object> {
    const bytes = Buffer.from(JSON.stringify(this.publicJwk));
    return new FlattenedSign(bytes).setProtectedHeader({ alg: 'HS256', kid, url }).sign(key);
  }

  /** The key authorization of a challenge (section 8.1). */
  authorize(token: string): string {
    return `${token}.${this.#thumbprint}`;
  }
}
