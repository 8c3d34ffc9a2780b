/** What is weak about the providers of an edge, or without effect, though each of them works. */
import type { IdentityProvider } from '../auth/providers/identity-provider.js';
import type { Providers } from '../auth/providers/providers.js';
import { generalForDomains, generalForGroups } from '../auth/providers/vouching.js';
import type { EdgeConfig } from '../config/edge-config.js';
import { formatRule } from '../core/rule.js';

/** A sentence for each finding, which needs no request to a provider. */
export function checkTrust(
  { all }: Pick<Providers, 'all'>,
  config: Pick<EdgeConfig, 'allow' | 'agents'>,
): readonly string[] {
  const unproven = all.filter(({ domainProof }) => domainProof === 'none').flatMap(({ label }) => unmet(label, config));
  const [domains, groups] = [generalForDomains(all), generalForGroups(all)];
  return [
    ...(domains.length > 1 ? [sharedDomains(domains)] : []),
    ...(groups.length > 1 ? [sharedGroups(groups)] : []),
    ...unproven,
  ];
}

// The second half is about what `acceptIdentity` makes of them.
function sharedDomains(general: readonly IdentityProvider[]): string {
  const proving = general.filter(({ domainProof }) => domainProof !== 'none');
  const weaker = proving.length > 1 ? proving.filter(({ domainProof }) => domainProof === 'email') : [];
  const also = weaker.length === 0 ? '' : `; rules such as @acme.com match no account of ${idsOf(weaker)} meanwhile`;
  return `the providers ${idsOf(general)} name no "domains": each may vouch for any address, so the weakest decides who has it${also}: name those that it may vouch for, under "domains" or in POSTERN_OIDC_DOMAINS, for all of them but one`;
}

function sharedGroups(general: readonly IdentityProvider[]): string {
  return `the providers ${idsOf(general)} name no "groups": one could invent a group of the other, so no rule such as group:eng matches any of their accounts: name those that it may vouch for, under "groups" or in POSTERN_OIDC_GROUPS, for all of them but one`;
}

function idsOf(providers: readonly IdentityProvider[]): string {
  return providers.map(({ id }) => `"${id}"`).join(' and ');
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
