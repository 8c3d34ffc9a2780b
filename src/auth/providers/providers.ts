/** The identity providers of an edge, by id and by issuer, and which of them may speak of an address. */
import { PosternError } from '../../errors.js';
import type { Identity } from '../identity/identity.js';
import type { IdentityProvider } from './identity-provider.js';

/** A list by id. The first provider is the default. */
export class Providers {
  readonly default: IdentityProvider;
  readonly all: readonly IdentityProvider[];

  constructor(all: readonly [IdentityProvider, ...IdentityProvider[]]) {
    this.all = all;
    this.default = all[0];
  }

  /** The issuers whose identities are accepted. */
  get issuers(): readonly string[] {
    return this.all.map(({ issuer }) => issuer);
  }

  /** The provider, when there is no other. */
  get only(): IdentityProvider | undefined {
    return this.all.length === 1 ? this.default : undefined;
  }

  find(id: string): IdentityProvider | undefined {
    return this.all.find((provider) => provider.id === id);
  }

  /** The provider of this issuer; undefined if there is none. */
  ofIssuer(issuer: string | undefined): IdentityProvider | undefined {
    return this.all.find((provider) => provider.issuer === issuer);
  }

  /**
   * Checks that no other provider has been named for the domain of an address: an account at a weaker one must not pass for
   * the person whom the stronger one knows. Throws `ERR_ACCESS_DENIED`.
   */
  checkDomain({ domains }: IdentityProvider, { email }: Identity): void {
    const domain = email.slice(email.indexOf('@') + 1);
    const proving = this.all.filter((other) => other.domains.includes(domain));
    if (proving.length === 0 || domains.includes(domain)) return;
    const labels = proving.map(({ label }) => label).join(' or ');
    throw new PosternError('ERR_ACCESS_DENIED', 'another provider is named for the domain of this address', {
      text: `Addresses of ${domain} count here only when you sign in with ${labels}.`,
    });
  }
}
