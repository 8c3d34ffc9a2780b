/** An edge as `postern/verify` meets it: what it signs, and the keys that it publishes. */
import { Assertions } from '../../../src/auth/identity/assertion.js';
import type { Identity } from '../../../src/auth/identity/identity.js';

export const ISSUER = 'https://tunnel.test';
export const AUDIENCE = 'https://demo.tunnel.test';
export const SECRET = 'a secret of at least thirty-two bytes';

const ANA: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: '1',
  email: 'ana@acme.com',
  emailVerified: true,
  username: 'Ana',
  groups: ['eng'],
  groupsOmitted: false,
};

interface FakeEdgeOptions {
  readonly secret?: string;
  readonly issuer?: string;
  readonly now?: () => number;
}

export class FakeEdge {
  readonly fields = { audience: AUDIENCE, identity: ANA, sessionId: 'one' };
  assertions: Assertions;
  /** How often the keys were read. */
  fetches = 0;
  readonly #options: FakeEdgeOptions;
  readonly #secret: string;

  constructor(options: FakeEdgeOptions = {}) {
    const { secret = SECRET } = options;
    this.#options = options;
    this.#secret = secret;
    this.assertions = this.#signer([secret]);
  }

  /** Another secret signs; that of the start is published, too, unless others are given. */
  rotate(newest: string, older: readonly string[] = [this.#secret]): void {
    this.assertions = this.#signer([newest, ...older]);
  }

  assertion(more: Partial<FakeEdge['fields']> = {}): Promise<string> {
    return Promise.resolve(this.assertions.sign({ ...this.fields, ...more }).text);
  }

  jwks() {
    return this.assertions.jwks();
  }

  readonly fetch = async (url: string): Promise<Response> => {
    this.fetches += 1;
    if (url !== `${ISSUER}/.postern/jwks.json`) return new Response('', { status: 404 });
    return Response.json(this.jwks());
  };

  #signer(secrets: readonly string[]): Assertions {
    const { issuer = ISSUER, now } = this.#options;
    return new Assertions({ secrets, issuer, ...(now !== undefined && { now }) });
  }
}
