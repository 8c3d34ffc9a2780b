/**
 * What the inspector's API sends and takes, as JSON: types only, shared by the server and by the page in the browser. Nothing of
 * Node is imported here.
 */

export type ExchangeKind = 'http' | 'websocket' | 'events';

/** `aborted`: the visitor left, but for an event stream, or the response broke off. `failed`: the target gave no response. */
export type ExchangeState = 'open' | 'done' | 'aborted' | 'failed';

/** Where the time of an exchange went, in milliseconds; null for what is not known. */
export interface Timing {
  /** From the request's arrival at the edge until it left for the agent: the decision, and a busy link. */
  readonly edgeMs: number | null;
  /** There and back between edge and agent. */
  readonly linkMs: number | null;
  /** From the request's arrival at the agent until the first byte of the target's response. */
  readonly firstByteMs: number | null;
  /** From there to the end of the response. */
  readonly bodyMs: number | null;
  /** At the agent: first byte and body. */
  readonly totalMs: number | null;
}

/** One row of the list. */
export interface Exchange {
  readonly id: string;
  /** Ascending in the order of arrival. */
  readonly seq: number;
  readonly tunnel: string;
  readonly kind: ExchangeKind;
  readonly state: ExchangeState;
  /** Milliseconds of the epoch. */
  readonly startedAt: number;
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  /** The media type of the response, without parameters. */
  readonly type: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Who caused it, by email address. */
  readonly person: string | null;
  /** The allow rule that let them in. */
  readonly rule: string | null;
  readonly timing: Timing;
  readonly failure?: string;
  readonly requestId: string | null;
  /** The exchange that this one repeats. */
  readonly replayOf: string | null;
  readonly pinned: boolean;
  readonly note: string;
  /** The name of a GraphQL operation. */
  readonly operation: string | null;
}

/** What is known of a body; its bytes have a route of their own. */
export interface Body {
  /** All that passed. */
  readonly bytes: number;
  /** How many of them, from the first one on, are kept. */
  readonly kept: number;
  readonly type: string | null;
  readonly encoding: string | null;
}

export type HeaderRow = readonly [name: string, value: string];

export interface ExchangeRequest {
  readonly headers: readonly HeaderRow[];
  readonly body: Body | null;
}

export interface ExchangeResponse {
  readonly status: number;
  readonly headers: readonly HeaderRow[];
  readonly trailers: readonly HeaderRow[];
  readonly body: Body | null;
}

/** The claims of the assertion that came with the request. */
export interface ExchangeIdentity {
  readonly sub: string;
  readonly email: string;
  readonly issuer: string;
  readonly groups: readonly string[];
}

export interface ExchangeDetail extends Exchange {
  readonly request: ExchangeRequest;
  readonly response: ExchangeResponse | null;
  readonly identity: ExchangeIdentity | null;
  /** Secrets in the headers are replaced by `MASK`: `POST …/reveal` sends them. */
  readonly masked: boolean;
}

/** A WebSocket message or control frame, or a server-sent event. */
export interface Message {
  /** Ascending from 1. */
  readonly n: number;
  readonly at: number;
  readonly from: 'visitor' | 'target';
  readonly kind: 'text' | 'binary' | 'close' | 'ping' | 'pong' | 'event';
  readonly bytes: number;
  readonly kept: number;
  readonly text: string | null;
  readonly base64: string | null;
  /** The type of a server-sent event. */
  readonly event?: string;
  readonly lastEventId?: string;
  readonly closeCode?: number;
}

export interface TunnelInfo {
  readonly name: string;
  readonly url: string;
  readonly target: string;
  readonly online: boolean;
}

export interface ExchangeList {
  /** Newest first. */
  readonly exchanges: readonly Exchange[];
  /** How many were dropped for lack of room since the start, or the last clear. */
  readonly dropped: number;
  readonly tunnels: readonly TunnelInfo[];
  readonly paused: boolean;
  /** For `before`, when there are more. */
  readonly next: number | null;
}

export interface MessageList {
  readonly messages: readonly Message[];
  readonly total: number;
  readonly dropped: number;
}

/** What to change of a request before it is sent again. What is undefined stays. */
export interface ReplayEdit {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly HeaderRow[];
  readonly bodyBase64?: string;
}

export interface ReplayRequest {
  /** 1 to 50. */
  readonly count?: number;
  readonly edit?: ReplayEdit;
}

export interface ReplayResult {
  readonly ids: readonly string[];
}

export type TextForm = 'curl' | 'powershell' | 'fetch' | 'raw';

export interface TextRequest {
  readonly as: TextForm;
  readonly secrets: boolean;
}

/** A person who looks at a tunnel now. */
export interface Person {
  readonly email: string;
  /** RFC 3339. */
  readonly since: string;
  readonly requests: number;
  readonly tunnel: string;
  readonly address?: string;
}

/** A person who asks to be let in. */
export interface Knock {
  readonly id: string;
  readonly tunnel: string;
  readonly email: string;
  readonly message: string;
  /** RFC 3339. */
  readonly at: string;
}

export interface KnockAnswer {
  readonly answer: 'allow' | 'deny';
  readonly forMs?: number;
}

/** What the page gets for the key, beside a cookie: it sends this with each call, as `Postern-Page`. */
export interface SessionReply {
  readonly page: string;
}

export interface ApiError {
  readonly error: { readonly code: string; readonly message: string };
}

/** The events of `GET /api/events`, by name, and their data. */
export interface InspectorEvents {
  readonly exchange: Exchange;
  readonly message: { readonly id: string; readonly total: number };
  readonly people: { readonly people: readonly Person[] };
  readonly knocks: { readonly knocks: readonly Knock[] };
  readonly status: { readonly tunnels: readonly TunnelInfo[]; readonly paused: boolean };
  readonly cleared: { readonly kept: readonly string[] };
  /** Events were left out: read the list again. */
  readonly resync: Record<string, never>;
}

/** Stands for a secret. No header value can hold these characters. */
export const MASK = '••••••';
