/**
 * Who may open a tunnel: a pure function of policy and identity. The operator's ceiling limits everyone and grants nothing;
 * the tunnel's rules grant access, except to people who were shut out; without rules only the owner has access. Everything
 * else is denied.
 */
import { formatRule, type Rule } from '../../core/rule.js';
import type { Identity } from './identity.js';

/** Everything that a decision about one tunnel depends on. */
export interface Policy {
  /** `POSTERN_ALLOW`; undefined when it is not set, which differs from an empty list. */
  readonly ceiling: readonly Rule[] | undefined;
  /** The rules of the agent's offer, in its order, then those that were granted while it runs. */
  readonly rules: readonly Rule[];
  /** Canonical emails of people who were shut out: for them no rule counts. */
  readonly denied?: ReadonlySet<string>;
  /** Canonical email of the tunnel's owner. */
  readonly owner: string;
  /** `POSTERN_PUBLIC`: whether a `public` rule of a tunnel counts. */
  readonly publicPermitted: boolean;
}

/** Why a visitor is denied. */
export type DenyReason = 'no-identity' | 'email-unverified' | 'ceiling' | 'no-rule' | 'revoked' | 'groups-omitted';

/** The one decision that gate, audit record, metrics and error page read. `rule` is the text of the rule, or `owner`. */
export type Decision =
  | { readonly allow: true; readonly rule: string }
  | { readonly allow: false; readonly reason: DenyReason };

/**
 * Decides whether a visitor has access. The rule is `public` only when no other rule allows this visitor: the request is
 * then anonymous even if the visitor is signed in, because no rule has accepted the identity.
 */
export function decide(policy: Policy, identity: Identity | undefined): Decision {
  const decision = decideIdentity(policy, identity);
  if (decision.allow) return decision;
  const isPublic = policy.publicPermitted && policy.rules.some((rule) => rule.kind === 'public');
  return isPublic ? { allow: true, rule: 'public' } : decision;
}

/**
 * The rule of the ceiling that matches this identity, as text: the account is one of the operator's own. Undefined without
 * a ceiling, and for an unverified email.
 */
export function ceilingAllows(ceiling: readonly Rule[] | undefined, identity: Identity): string | undefined {
  if (ceiling === undefined || !identity.emailVerified) return undefined;
  return firstMatch(ceiling, identity);
}

/** Whether one of some rules names this identity. False for an unverified email. */
export function matchesRules(rules: readonly Rule[], identity: Identity): boolean {
  return identity.emailVerified && firstMatch(rules, identity) !== undefined;
}

function decideIdentity(policy: Policy, identity: Identity | undefined): Decision {
  if (identity === undefined) return { allow: false, reason: 'no-identity' };
  if (!identity.emailVerified) return { allow: false, reason: 'email-unverified' };
  if (policy.ceiling !== undefined && firstMatch(policy.ceiling, identity) === undefined) {
    return { allow: false, reason: groupsMissed(policy.ceiling, identity) ?? 'ceiling' };
  }
  if (identity.email === policy.owner) return { allow: true, rule: 'owner' };
  if (policy.denied?.has(identity.email)) return { allow: false, reason: 'revoked' };
  const rule = firstMatch(policy.rules, identity);
  if (rule !== undefined) return { allow: true, rule };
  return { allow: false, reason: groupsMissed(policy.rules, identity) ?? 'no-rule' };
}

// For the record: group rules could not be evaluated, since the visitor may be in a group that was left out.
function groupsMissed(rules: readonly Rule[], { groupsOmitted }: Identity): 'groups-omitted' | undefined {
  return groupsOmitted && rules.some(({ kind }) => kind === 'group') ? 'groups-omitted' : undefined;
}

function firstMatch(rules: readonly Rule[], identity: Identity): string | undefined {
  const rule = rules.find((candidate) => matches(candidate, identity));
  return rule === undefined ? undefined : formatRule(rule);
}

function matches(rule: Rule, identity: Identity): boolean {
  switch (rule.kind) {
    case 'domain':
      return isOfDomain(identity, rule.domain);
    case 'email':
      return identity.email === rule.email;
    case 'group':
      return identity.groups.includes(rule.group);
    case 'anyone':
      return true;
    case 'public':
      return false; // not a rule about identities
  }
}

function isOfDomain({ email, domainProof, hostedDomain }: Identity, domain: string): boolean {
  // From the first "@": an address with two of them, or with none, would belong to no domain.
  const at = email.indexOf('@');
  if (at < 1 || email.slice(at + 1) !== domain || domainProof === 'none') return false;
  return domainProof === 'email' || hostedDomain === domain;
}

/**
 * Whether a ceiling can let in anyone whom a rule names; undefined when that depends on the groups of a person, which are
 * known at sign-in only. The decision about a person applies the ceiling again.
 */
export function ceilingCovers(ceiling: readonly Rule[] | undefined, rule: Rule): boolean | undefined {
  if (ceiling === undefined || ceiling.some(({ kind }) => kind === 'anyone')) return true;
  if (ceiling.some((limit) => formatRule(limit) === formatRule(rule))) return true;
  const domain = rule.kind === 'email' ? rule.email.slice(rule.email.indexOf('@') + 1) : undefined;
  if (ceiling.some((limit) => limit.kind === 'domain' && limit.domain === domain)) return true;
  // Which members a group has, and which of them the ceiling lets in, is not known here.
  if (rule.kind === 'group' || rule.kind === 'anyone') return undefined;
  return ceiling.some(({ kind }) => kind === 'group') ? undefined : false;
}
