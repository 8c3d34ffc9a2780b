/** The identity providers of an edge, by id and by issuer. */
import type { OidcProvider } from './oidc.js';

/** A list by id. The first provider is the default. */
export class Providers {
  readonly default: OidcProvider;
  readonly all: readonly OidcProvider[];

  constructor(all: readonly [OidcProvider, ...OidcProvider[]]) {
    this.all = all;
    this.default = all[0];
  }

  /** The issuers whose identities are accepted. */
  get issuers(): readonly string[] {
    return this.all.map(({ issuer }) => issuer);
  }

  find(id: string): OidcProvider | undefined {
    return this.all.find((provider) => provider.id === id);
  }

  /** The provider of this issuer; the default if there is none. */
  ofIssuer(issuer: string | undefined): OidcProvider {
    return this.all.find((provider) => provider.issuer === issuer) ?? this.default;
  }
}
