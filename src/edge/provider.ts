/** The identity provider of an edge, as its configuration names it. */
import { OidcProvider } from '../auth/providers/oidc.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { Log } from '../core/log.js';

/** Makes the provider. Throws `ERR_CONFIG_INVALID`. */
export function createProvider({ base, oidc }: Pick<EdgeConfig, 'base' | 'oidc'>, log: Log): OidcProvider {
  return new OidcProvider({
    ...oidc,
    redirectUri: `${base.origin}/oauth2/callback`,
    signedOutUri: `${base.origin}/oauth2/signed_out`,
    log,
  });
}

/** Warns the operator of what would stop visitors from signing in, as far as it can be tried without one. */
export async function warnOfProvider(provider: OidcProvider, log: Log): Promise<void> {
  for (const finding of await provider.check()) log.warn({ finding }, 'visitors cannot sign in');
}
