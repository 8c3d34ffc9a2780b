/**
 * Who may open a tunnel: a pure function of the policy and the identity. The operator's ceiling bounds everybody and
 * grants nothing; the tunnel's rules grant; where nothing is said, only the owner passes. What no branch allows is denied.
 */
import { formatRule, type Rule } from '../../core/rule.js';
import type { Identity } from './identity.js';

/** Everything that decides about one tunnel. */
export interface Policy {
  /** `POSTERN_ALLOW`; undefined when the operator set none, which is not the same as an empty list. */
  readonly ceiling: readonly Rule[] | undefined;
  /** What the agent asked for, in its order. */
  readonly rules: readonly Rule[];
  /** Canonical email of whoever owns the tunnel. */
  readonly owner: string;
  /** `POSTERN_PUBLIC`: whether a `public` rule of a tunnel counts. */
  readonly publicPermitted: boolean;
}

/** Why a visitor may not pass. */
export type DenyReason = 'no-identity' | 'email-unverified' | 'ceiling' | 'no-rule' | 'groups-omitted';

/** The one decision that gate, audit record, metrics and error page read. `rule` is the text of the rule, or `owner`. */
export type Decision =
  | { readonly allow: true; readonly rule: string }
  | { readonly allow: false; readonly reason: DenyReason };

/**
 * Decides whether a visitor may pass. The rule is `public` only when nothing better allows this visitor: such a
 * request is anonymous, whatever its identity says, because nothing of that identity was accepted.
 */
export function decide(policy: Policy, identity: Identity | undefined): Decision {
  const decision = decideIdentity(policy, identity);
  if (decision.allow) return decision;
  const isPublic = policy.publicPermitted && policy.rules.some((rule) => rule.kind === 'public');
  return isPublic ? { allow: true, rule: 'public' } : decision;
}

/**
 * The rule of the ceiling that this identity meets, as text: it is one of the operator's own people. Undefined when
 * there is no ceiling, and for an unverified email.
 */
export function ceilingAllows(ceiling: readonly Rule[] | undefined, identity: Identity): string | undefined {
  if (ceiling === undefined || !identity.emailVerified) return undefined;
  return firstMatch(ceiling, identity);
}

function decideIdentity(policy: Policy, identity: Identity | undefined): Decision {
  if (identity === undefined) return { allow: false, reason: 'no-identity' };
  if (!identity.emailVerified) return { allow: false, reason: 'email-unverified' };
  if (policy.ceiling !== undefined && firstMatch(policy.ceiling, identity) === undefined) {
    return { allow: false, reason: groupsMissed(policy.ceiling, identity) ?? 'ceiling' };
  }
  if (identity.email === policy.owner) return { allow: true, rule: 'owner' };
  const rule = firstMatch(policy.rules, identity);
  if (rule !== undefined) return { allow: true, rule };
  return { allow: false, reason: groupsMissed(policy.rules, identity) ?? 'no-rule' };
}

// A group rule could not be held against anything: for the record, since the visitor may well be in the group.
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
      return false; // says nothing about an identity
  }
}

function isOfDomain({ email, domainProof, hostedDomain }: Identity, domain: string): boolean {
  // From the first "@": an address with two of them, or with none, were there ever one, is of no domain.
  const at = email.indexOf('@');
  if (at < 1 || email.slice(at + 1) !== domain) return false;
  return domainProof === 'email' || hostedDomain === domain;
}
