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

  /** Those that vouch for the addresses of no domain in particular, and so for each that no other names. */
  get general(): readonly IdentityProvider[] {
    return this.all.filter(({ domains }) => domains.length === 0);
  }

  /**
   * The identity as it counts here. An address counts from the providers that name its domain, or, where none does, from those
   * that name no domain at all: an account at a weaker one must not pass for the person whom the stronger one knows. Where several
   * of these could prove the domain, only Google's `hd` does. Throws `ERR_ACCESS_DENIED`.
   */
  accept(provider: IdentityProvider, identity: Identity): Identity {
    const domain = identity.email.slice(identity.email.indexOf('@') + 1);
    const naming = this.all.filter(({ domains }) => domains.includes(domain));
    const vouching = naming.length > 0 ? naming : this.general;
    if (!vouching.includes(provider)) throw notFrom(provider, domain, vouching);
    const isShared = naming.length === 0 && vouching.filter(({ domainProof }) => domainProof !== 'none').length > 1;
    return isShared && identity.domainProof === 'email' ? { ...identity, domainProof: 'none' } : identity;
  }
}

function notFrom({ label }: IdentityProvider, domain: string, vouching: readonly IdentityProvider[]): PosternError {
  const others = vouching.map((other) => other.label).join(' or ');
  return new PosternError('ERR_ACCESS_DENIED', 'an address of this domain does not count from this provider', {
    text:
      others === ''
        ? `Addresses of ${domain} do not count here when you sign in with ${label}.`
        : `Addresses of ${domain} count here only when you sign in with ${others}.`,
  });
}
