/** The identity providers of an edge, as its configuration names them. */
import { GitHubProvider } from '../auth/providers/github.js';
import type { IdentityProvider } from '../auth/providers/identity-provider.js';
import { OidcProvider } from '../auth/providers/oidc.js';
import { Providers } from '../auth/providers/providers.js';
import type { EdgeConfig } from '../config/edge-config.js';
import { callbackPath } from '../config/provider-config.js';
import type { Log } from '../core/log.js';
import type { Rule } from '../core/rule.js';
import { PosternError } from '../errors.js';
import { checkTrust } from './provider-trust.js';

/** Makes the providers. Throws `ERR_CONFIG_INVALID`. */
export function createProviders({ base, providers }: Pick<EdgeConfig, 'base' | 'providers'>, log: Log): Providers {
  const [first, ...others] = providers.map((options) => {
    const redirectUri = base.origin + callbackPath(options.id);
    const { kind, clientSecret = '', clientKey } = options; // the configuration has one of the two
    if (kind === 'github') return new GitHubProvider({ ...options, clientSecret, redirectUri, log });
    const signedOutUri = `${base.origin}/oauth2/signed_out`;
    return new OidcProvider({ ...options, credential: clientKey ?? clientSecret, redirectUri, signedOutUri, log });
  });
  if (first === undefined) throw new PosternError('ERR_CONFIG_INVALID', 'An edge needs an identity provider.');
  return new Providers([first, ...others]);
}

/** What would stop visitors from signing in, as far as it can be tried without one: a sentence for each finding. */
export async function checkProviders({ all, only }: Providers): Promise<readonly string[]> {
  const findings = await Promise.all(all.map((provider) => findingsOf(provider, only === undefined)));
  return findings.flat();
}

async function findingsOf(provider: IdentityProvider, isOneOfSeveral: boolean): Promise<readonly string[]> {
  const findings = await provider.check();
  return isOneOfSeveral ? findings.map((finding) => `provider "${provider.id}": ${finding}`) : findings;
}

/** Logs what would stop visitors from signing in, and what is weak. */
export async function warnAboutProviders(
  providers: Providers,
  config: Pick<EdgeConfig, 'allow' | 'agents'>,
  log: Log,
): Promise<void> {
  for (const finding of checkTrust(providers, config))
    log.warn({ finding }, 'look at what the identity providers vouch for');
  for (const finding of await checkProviders(providers)) log.warn({ finding }, 'visitors cannot sign in');
}

/** The domain of a ceiling that admits nothing but one domain: the provider may offer its accounts first. */
export function soleDomain(ceiling: readonly Rule[] | undefined): string | undefined {
  const [only, ...others] = ceiling ?? [];
  return only?.kind === 'domain' && others.length === 0 ? only.domain : undefined;
}
