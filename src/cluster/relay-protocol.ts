/**
 * What two nodes say to each other beside the exchanges that they relay. A request begins with one field of ours, before all of the
 * visitor's, so that no visitor can say it; what goes wrong at the owner node is the code of RST_STREAM, so that no agent can.
 */
import { type ErrorCode, PosternError } from '../errors.js';
import type { RequestHead } from '../http/exchange.js';
import { PeerResetError } from '../http2/errors.js';
import { NotProcessed, wasNotProcessed } from '../link/client-stream.js';
import { linkLost } from '../link/link.js';

/** For whom a request is relayed, and under which decision. */
export interface Relayed {
  readonly tunnel: string;
  /** Of the tunnel as the node has judged it where the request came in. */
  readonly epoch: number;
  /** Who causes it (`OpenOptions.party`). */
  readonly party: string;
}

const FIELD = 'postern-relay';
const VALUE = /^(request|probe) ([a-z0-9-]{1,63}) (\d{1,16}) ([!-~]*)$/; // kind, tunnel, epoch, party

/** What a node asks another one: to forward a request, or whether the agent of a tunnel is alive. */
export type PeerRequest = { readonly kind: 'request' | 'probe' } & Relayed;

/** The head of a request as it goes to another node. */
export function writePeerHead(head: RequestHead, { kind, tunnel, epoch, party }: PeerRequest): RequestHead {
  const value = `${kind} ${tunnel} ${epoch} ${encodeURIComponent(party)}`;
  return { ...head, headers: [FIELD, value, ...head.headers] };
}

/** The two parts of such a head; undefined for another one. */
export function readPeerHead(head: RequestHead): (PeerRequest & { readonly head: RequestHead }) | undefined {
  const { headers } = head;
  const found = headers[0] === FIELD ? VALUE.exec(headers[1] ?? '') : null;
  if (found === null) return undefined;
  const party = decoded(found[4] ?? '');
  if (party === undefined) return undefined;
  const kind = found[1] === 'probe' ? 'probe' : 'request';
  const rest = { ...head, headers: headers.slice(2) }; // copying by a pattern is several times slower
  return { kind, tunnel: found[2] ?? '', epoch: Number(found[3]), party, head: rest };
}

function decoded(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // not what `writePeerHead` writes
  }
}

/** No link of the tunnel with this epoch is here, or it ended before the agent took the request. */
export const NOT_HERE = 0x706f_7300;

/** What a node asks or tells another one about itself (`others.ts`). */
export interface PeerCall {
  readonly kind: 'ask' | 'tell';
  readonly method: string;
}

const CALL = /^(?<kind>ask|tell) (?<method>[a-z.-]{1,64})$/;

/** The head of a call. */
export function writePeerCall({ kind, method }: PeerCall): RequestHead {
  const headers = [FIELD, `${kind} ${method}`];
  return { method: 'POST', scheme: 'http', authority: 'peer', path: '/', headers };
}

/** What is called; undefined for a head that is none of a call. */
export function readPeerCall({ headers }: RequestHead): PeerCall | undefined {
  const [name, value = ''] = headers;
  const found = name === FIELD ? CALL.exec(value)?.groups : undefined;
  if (found === undefined) return undefined;
  return { kind: found['kind'] === 'tell' ? 'tell' : 'ask', method: found['method'] ?? '' };
}

const CODES: readonly ErrorCode[] = [
  'ERR_LINK_LOST',
  'ERR_TUNNEL_BUSY',
  'ERR_TARGET_REFUSED',
  'ERR_TARGET_PROTOCOL',
  'ERR_TARGET_TIMEOUT',
  'ERR_BAD_REQUEST',
];

/** The code with which the owner node resets a relayed request that has failed. */
export function resetCodeOf(error: PosternError): number {
  if (wasNotProcessed(error)) return NOT_HERE;
  return NOT_HERE + 1 + Math.max(CODES.indexOf(error.code), 0);
}

/** The error of a relayed request, as the node sees it that has relayed it. */
export function relayFailure(error: Error): PosternError {
  if (!(error instanceof PeerResetError)) return linkLost(error);
  if (error.code === NOT_HERE) return notHere('the other node has no such link');
  const code = CODES[error.code - NOT_HERE - 1];
  if (code === undefined) return linkLost(error);
  return new PosternError(code, `at the node of the agent: ${code}`, { cause: error });
}

/** The error of a request that reached no agent. */
export function notHere(detail: string): PosternError {
  return linkLost(new NotProcessed(detail));
}
