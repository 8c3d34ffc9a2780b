/** The identity providers of an edge, as its configuration names them. */
import { OidcProvider } from '../auth/providers/oidc.js';
import { Providers } from '../auth/providers/providers.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { Log } from '../core/log.js';
import type { Rule } from '../core/rule.js';

/** Makes the providers: one, of the options `POSTERN_OIDC_*`. Throws `ERR_CONFIG_INVALID`. */
export function createProviders({ base, oidc }: Pick<EdgeConfig, 'base' | 'oidc'>, log: Log): Providers {
  const provider = new OidcProvider({
    ...oidc,
    id: 'oidc',
    redirectUri: `${base.origin}/oauth2/callback`,
    signedOutUri: `${base.origin}/oauth2/signed_out`,
    log,
  });
  return new Providers([provider]);
}

/** What would stop visitors from signing in, as far as it can be tried without one: a sentence for each finding. */
export async function checkProviders({ all }: Providers): Promise<readonly string[]> {
  return (await Promise.all(all.map((provider) => provider.check()))).flat();
}

/** Logs what would stop visitors from signing in. */
export async function warnAboutProviders(providers: Providers, log: Log): Promise<void> {
  for (const finding of await checkProviders(providers)) log.warn({ finding }, 'visitors cannot sign in');
}

/** The domain of a ceiling that admits nothing but one domain: the provider may offer its accounts first. */
export function soleDomain(ceiling: readonly Rule[] | undefined): string | undefined {
  const [only, ...others] = ceiling ?? [];
  return only?.kind === 'domain' && others.length === 0 ? only.domain : undefined;
}
