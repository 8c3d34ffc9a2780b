/** The identity providers of an edge, by id and by issuer, and which of them may speak of an address. */
import { PosternError } from '../../errors.js';
import type { Identity } from '../identity/identity.js';
import type { IdentityProvider } from './identity-provider.js';
import { acceptIdentity } from './vouching.js';

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

  /** The identity as it counts here beside the other providers. Throws `ERR_ACCESS_DENIED`. */
  accept(provider: IdentityProvider, identity: Identity): Identity {
    return acceptIdentity(this.all, provider, identity);
  }

  /** What an identity of an earlier sign-in passes for now; undefined when no provider vouches for it any more. */
  recheck(identity: Identity): Identity | undefined {
    const provider = this.ofIssuer(identity.issuer);
    if (provider === undefined) return undefined;
    try {
      return this.accept(provider, identity);
    } catch (error) {
      if (error instanceof PosternError && error.code === 'ERR_ACCESS_DENIED') return undefined;
      throw error;
    }
  }
}
