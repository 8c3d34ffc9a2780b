/**
 * An agent may hold several links, at different nodes of an edge: what its offer says of them, and what the 101 says of the edge. Both
 * halves are here, as those of the rest are in `handshake.ts`.
 */
import { PosternError } from '../errors.js';
import { headerValues, type RawHeaders } from '../http/fields.js';

/** The most links of an agent, and so the most places of a tunnel. */
export const MAX_LINKS = 4;

/** Of an agent that would hold several links. */
export interface SeveralLinks {
  /** How many it would hold. */
  readonly most: number;
  /** Which of them this one is, from 1 on: a new link replaces the one of its slot. */
  readonly slot: number;
}

/** What an edge says to such an agent. */
export interface SeveralNodes {
  /** How many of the links it can use. */
  readonly most: number;
  /** The node that has this link: another link to it would be of no use. */
  readonly node: string;
}

const LINKS = 'Postern-Links';
const SLOT = 'Postern-Slot';
const NODE = 'Postern-Node';

// More than any edge uses: an agent need not know how many that is.
const COUNT = /^[1-9]\d?$/;
const NODE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Which of its agent's links is offered. */
export function slotOf(links: SeveralLinks | undefined): number {
  return links?.slot ?? 1;
}

/** The agent's half of the offer. */
export function writeSeveralLinks({ most, slot }: SeveralLinks): Record<string, string> {
  return { [LINKS]: String(most), ...(slot > 1 && { [SLOT]: String(slot) }) };
}

/** The edge's half of the offer. Undefined for an agent that holds one link. Throws `ERR_OFFER_INVALID`. */
export function readSeveralLinks(headers: RawHeaders): SeveralLinks | undefined {
  const most = readCount(headers, LINKS);
  const slot = readCount(headers, SLOT) ?? 1;
  if (slot > Math.min(most ?? 1, MAX_LINKS))
    throw offerInvalid(`${SLOT} is more than ${LINKS} says, or than ${MAX_LINKS}.`);
  return most === undefined ? undefined : { most: Math.min(most, MAX_LINKS), slot };
}

function readCount(headers: RawHeaders, name: string): number | undefined {
  const values = headerValues(headers, name.toLowerCase());
  if (values.length === 0) return undefined;
  const [text = ''] = values;
  if (values.length > 1 || !COUNT.test(text)) throw offerInvalid(`${name} is not a number from 1 to 99.`);
  return Number(text);
}

function offerInvalid(text: string): PosternError {
  return new PosternError('ERR_OFFER_INVALID', text, { text });
}

/** The edge's half of the 101: field lines. */
export function writeSeveralNodes({ most, node }: SeveralNodes): string[] {
  return [`${LINKS}: ${most}`, `${NODE}: ${node}`];
}

/**
 * The agent's half of the 101, for an agent that would hold `most` links. Undefined for one that holds one, and for an edge that can
 * use one, which says so or says nothing that can be read.
 */
export function readSeveralNodes(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  most: number | undefined,
): SeveralNodes | undefined {
  if (most === undefined) return undefined;
  const [usable, node] = [headers[LINKS.toLowerCase()], headers[NODE.toLowerCase()]];
  if (typeof usable !== 'string' || !COUNT.test(usable)) return undefined;
  if (typeof node !== 'string' || !NODE_ID.test(node)) return undefined;
  return { most: Math.min(Number(usable), most, MAX_LINKS), node };
}
