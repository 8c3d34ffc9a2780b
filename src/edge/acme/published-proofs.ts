/**
 * Proofs that authorities look for on this edge itself: a text at a path (HTTP-01, RFC 8555 section 8.3) and a certificate in
 * a handshake (TLS-ALPN-01, RFC 8737). They are in the store, since an authority may ask any node. A key authorization is no
 * secret.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { Mirror } from '../../store/mirror.js';
import type { Store } from '../../store/store.js';
import type { ChallengeSolver, Proof } from './challenges.js';
import { createProof } from './x509.js';

const PREFIX = 'acme-proof:';
const HTTP_PATH = '/.well-known/acme-challenge/';
// Longer than an order may take: what a process leaves behind that ends in between.
const LIFETIME_MS = 900_000;

/** Publishes proofs, and finds those that any node has published. The caller closes it. */
export class PublishedProofs {
  readonly ready: Promise<void>;
  readonly #store: Store;
  readonly #mirror: Mirror<string>;

  constructor(store: Store) {
    this.#store = store;
    this.#mirror = new Mirror({ store, prefix: PREFIX, read: ({ value }) => value });
    this.ready = this.#mirror.ready;
  }

  /** The body for a path of HTTP-01; undefined where there is none. */
  textAt(path: string): string | undefined {
    return path.startsWith(HTTP_PATH) ? this.#mirror.get(`http-01:${path.slice(HTTP_PATH.length)}`) : undefined;
  }

  /** The certificate for a handshake that asks for the proof of a name; undefined where there is none. */
  async contextFor(name: string): Promise<SecureContext | undefined> {
    const keyAuthorization = this.#mirror.get(`tls-alpn-01:${name}`);
    return keyAuthorization === undefined ? undefined : createSecureContext(await createProof(name, keyAuthorization));
  }

  /** The solvers that publish here. */
  get solvers(): { readonly http: ChallengeSolver; readonly tlsAlpn: ChallengeSolver } {
    const present = (key: (proof: Proof) => string) => async (proof: Proof) => {
      const expiresAtMs = Date.now() + LIFETIME_MS;
      await this.#store.put(PREFIX + key(proof), proof.keyAuthorization, { expiresAtMs });
      return async () => void (await this.#store.delete(PREFIX + key(proof)));
    };
    return {
      http: { type: 'http-01', present: present(({ token }) => `http-01:${token}`) },
      tlsAlpn: { type: 'tls-alpn-01', present: present(({ name }) => `tls-alpn-01:${name}`) },
    };
  }

  close(): void {
    this.#mirror.close();
  }
}
