/**
 * A tunnel from what its agent has offered: at the node that admits the offer, and from the directory's record at all others. What
 * the operator sets (ceiling, rule `public`) is this node's own.
 */
import type { Policy } from '../../auth/identity/policy.js';
import { ownerTag } from '../../auth/session/session.js';
import { isOfferTaken, type TunnelRecord } from '../../cluster/directory.js';
import { type BaseAddress, tunnelHost, tunnelOrigin } from '../../core/hostname.js';
import { parseRule, RULE_WORDS, type Rule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import type { Offer } from '../../link/handshake.js';
import { readTerms, writeTerms } from '../../link/terms.js';
import { readObject } from '../../store/json-value.js';
import { framingPolicy } from '../gate/framing.js';
import type { Tunnel } from '../gate/registry.js';

/** What all tunnels of an edge have in common. */
export interface Common {
  readonly base: BaseAddress;
  readonly policy: Pick<Policy, 'ceiling' | 'publicPermitted'>;
}

export type Offered = Pick<Offer, 'allow' | 'origins' | 'frameOrigins' | 'terms' | 'agentId'>;

/** A tunnel without a link. Throws `ERR_OFFER_INVALID` for a rule that is none, or that the operator does not permit. */
export function tunnelOf(
  { name, owner }: { readonly name: string; readonly owner: string },
  { allow, origins, frameOrigins, terms, agentId }: Offered,
  { base, policy }: Common,
): Tunnel {
  const rules = allow.map(readRule);
  if (!policy.publicPermitted && rules.some(({ kind }) => kind === 'public'))
    throw invalid('This edge does not permit the rule public: name who may open the tunnel.');
  return {
    name,
    host: tunnelHost(base, name),
    origin: tunnelOrigin(base, name),
    policy: { ...policy, rules, owner },
    ownerTag: ownerTag(owner),
    origins,
    frameOrigins,
    framing: framingPolicy(frameOrigins),
    terms,
    agentId,
    link: undefined,
  };
}

/**
 * An offer as the directory keeps it. The same offer is always the same text. Throws `ERR_OFFER_INVALID` for one that is too long for
 * every directory.
 */
export function writeOffered({ allow, origins, frameOrigins, terms = {} }: Offered): string {
  const offered = JSON.stringify({ allow, origins, frameOrigins, terms: Object.entries(writeTerms(terms)).flat() });
  if (!isOfferTaken(offered))
    throw invalid('The rules and terms of this tunnel are too long together: name fewer, or a pattern for several.');
  return offered;
}

/** The tunnel of a record; undefined for one that another version of an edge has written and this one cannot read. */
export function tunnelOfRecord(record: TunnelRecord, common: Common): Tunnel | undefined {
  try {
    const { allow, origins, frameOrigins, terms } = readObject(record.offer);
    if (![allow, origins, frameOrigins, terms].every(isTexts)) return undefined;
    const offered = { allow, origins, frameOrigins, terms: readTerms(terms as string[]) } as Offered;
    return tunnelOf(record, { ...offered, agentId: record.agentId }, common);
  } catch {
    return undefined; // fails closed: no visitor is let in
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function readRule(text: string): Rule {
  const rule = parseRule(text);
  if (rule === undefined) throw invalid(`Postern-Allow holds a word that is no rule. ${RULE_WORDS}`);
  return rule;
}

function invalid(text: string): PosternError {
  return new PosternError('ERR_OFFER_INVALID', text, { text });
}
