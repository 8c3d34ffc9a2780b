/**
 * What an identity passes for at an edge with several providers: from which of them an address and a group count. An account at
 * a weaker provider must not pass for the person, or for the member of the group, whom a stronger one knows.
 */
import { PosternError } from '../../errors.js';
import type { Identity } from '../identity/identity.js';
import type { IdentityProvider } from './identity-provider.js';

/**
 * The providers from which addresses of a domain count: those that name it, or, where none does, those that name no domain at
 * all.
 */
export function vouchersForDomain(all: readonly IdentityProvider[], domain: string): readonly IdentityProvider[] {
  const naming = all.filter(({ domains }) => domains.includes(domain));
  return naming.length > 0 ? naming : generalForDomains(all);
}

/** The providers that name no domain, and so vouch for each that no other names. */
export function generalForDomains(all: readonly IdentityProvider[]): readonly IdentityProvider[] {
  return all.filter(({ domains }) => domains.length === 0);
}

/** The providers that have groups and name none: their groups count where there is only one such provider. */
export function generalForGroups(all: readonly IdentityProvider[]): readonly IdentityProvider[] {
  return all.filter(({ groups, domainProof }) => groups.length === 0 && domainProof !== 'hosted-domain'); // Google has none
}

/** The identity as it counts here. Throws `ERR_ACCESS_DENIED` for an address that counts from others only. */
export function acceptIdentity(
  all: readonly IdentityProvider[],
  provider: IdentityProvider,
  identity: Identity,
): Identity {
  const domain = identity.email.slice(identity.email.indexOf('@') + 1);
  const vouchers = vouchersForDomain(all, domain);
  if (!vouchers.includes(provider)) throw notFrom(provider, domain, vouchers);
  // Where several could prove the domain, and the operator has not said which of them does, only Google's `hd` does.
  const proving = vouchers.filter(({ domainProof }) => domainProof !== 'none');
  const isShared = !provider.domains.includes(domain) && proving.length > 1;
  const domainProof = isShared && identity.domainProof === 'email' ? 'none' : identity.domainProof;
  return { ...identity, domainProof, groups: identity.groups.filter((group) => isGroupFrom(all, provider, group)) };
}

function isGroupFrom(all: readonly IdentityProvider[], provider: IdentityProvider, group: string): boolean {
  const naming = all.filter(({ groups }) => groups.some((named) => isWithin(group, named)));
  if (naming.length > 0) return naming.includes(provider);
  const [general, ...others] = generalForGroups(all);
  return general === provider && others.length === 0;
}

/** Whether a group is this one, or below it: a team of an organisation. */
function isWithin(group: string, named: string): boolean {
  return group === named || group.startsWith(`${named}/`);
}

function notFrom({ label }: IdentityProvider, domain: string, vouchers: readonly IdentityProvider[]): PosternError {
  const others = vouchers.map((other) => other.label).join(' or ');
  return new PosternError('ERR_ACCESS_DENIED', 'an address of this domain does not count from this provider', {
    text:
      others === ''
        ? `Addresses of ${domain} do not count here when you sign in with ${label}.`
        : `Addresses of ${domain} count here only when you sign in with ${others}.`,
  });
}
