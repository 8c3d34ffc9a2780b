/** What is weak about the providers of an edge, or without effect, though each of them works. */
import type { IdentityProvider } from '../auth/providers/identity-provider.js';
import type { Providers } from '../auth/providers/providers.js';
import type { EdgeConfig } from '../config/edge-config.js';
import { formatRule } from '../core/rule.js';

/** A sentence for each finding, which needs no request to a provider. */
export function checkTrust(
  { all, general }: Pick<Providers, 'all' | 'general'>,
  config: Pick<EdgeConfig, 'allow' | 'agents'>,
): readonly string[] {
  const unproven = all.filter(({ domainProof }) => domainProof === 'none').flatMap(({ label }) => unmet(label, config));
  return [...(general.length > 1 ? [shared(general)] : []), ...unproven];
}

// The second half is about what `Providers.accept` makes of them.
function shared(general: readonly IdentityProvider[]): string {
  const ids = general.map(({ id }) => `"${id}"`).join(' and ');
  const proving = general.filter(({ domainProof }) => domainProof !== 'none');
  const weaker = proving.length > 1 ? proving.filter(({ domainProof }) => domainProof === 'email') : [];
  const unmatched = weaker.map(({ id }) => `"${id}"`).join(' and ');
  const also = weaker.length === 0 ? '' : `; rules such as @acme.com match no account of ${unmatched} meanwhile`;
  return `the providers ${ids} name no "domains": each may vouch for any address, so the weakest decides who has it${also}: name those that it may vouch for, under "domains" or in POSTERN_OIDC_DOMAINS, for all of them but one`;
}

/** Rules that no account of a provider satisfies, since it proves no domain, where they leave it no other way in. */
function unmet(label: string, { allow = [], agents = [] }: Pick<EdgeConfig, 'allow' | 'agents'>): string[] {
  const rules = Object.entries({ POSTERN_ALLOW: allow, POSTERN_AGENTS: agents });
  return rules.flatMap(([option, listed]) => {
    const [rule] = listed;
    if (rule === undefined || listed.some(({ kind }) => kind !== 'domain')) return [];
    return `${option}: no account of ${label} satisfies ${formatRule(rule)}, since it proves no domain: name organisations there, such as group:acme or group:acme/eng`;
  });
}
