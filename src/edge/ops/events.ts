/** What happens at an edge, as values: one stream of events, and the sinks that each make something else of it. */
import type { Session } from '../../auth/session/session.js';
import type { ErrorCode, PosternError } from '../../errors.js';
import type { Verdict } from '../gate/gate.js';
import type { Cutter, VisitRequest } from '../request/visit.js';

export type EdgeEvent =
  /** The gate has decided about a request. */
  | { readonly kind: 'decided'; readonly visit: VisitRequest; readonly verdict: Verdict }
  /** A visitor was shown an error, or their response broke off with one. */
  | { readonly kind: 'visit-failed'; readonly visit: VisitRequest; readonly error: PosternError }
  /** A response has ended, whole or not, or its visitor has left. */
  | { readonly kind: 'visit-ended'; readonly visit: VisitRequest; readonly end: VisitEnd }
  /** Bytes came that never became a request: `status` is 0 when the socket was closed without a word. */
  | {
      readonly kind: 'malformed';
      readonly requestId: string;
      readonly address: string;
      readonly status: number;
      readonly error: PosternError;
    }
  | { readonly kind: 'signed-in'; readonly visit: VisitRequest; readonly session: Session }
  | { readonly kind: 'sign-in-failed'; readonly visit: VisitRequest; readonly error: PosternError }
  | { readonly kind: 'signed-out'; readonly visit: VisitRequest; readonly session: SignedOut }
  | { readonly kind: 'offer-refused'; readonly offer: Asker; readonly error: PosternError }
  | { readonly kind: 'tunnel-up'; readonly agent: AgentFields; readonly tokenId: string; readonly address: string }
  | { readonly kind: 'tunnel-down'; readonly agent: AgentFields; readonly reason: PosternError | undefined }
  /** Something of a party was refused or cut, because it held too much. */
  | { readonly kind: 'over-budget'; readonly budget: Budget; readonly address: string };

/** Makes a log, a record or a count of events. Must not throw. */
export interface EventSink {
  on(event: EdgeEvent): void;
  /** Writes what was counted. Called once a minute, and at the end. */
  flush?(): void;
}

/** How a visit ended. */
export interface VisitEnd {
  /** 0 when no head has left. */
  readonly status: number;
  /** Of a response of ours that reports an error. */
  readonly code: ErrorCode | undefined;
  /** The response had begun and was never whole: the visitor left, or it broke. */
  readonly aborted: true | undefined;
  /** Who ended it before it was whole, if anybody did. */
  readonly cutBy: Cutter | undefined;
}

/** The sender of a request, a visitor or an agent. */
export type Asker = Pick<VisitRequest, 'id' | 'address'>;

/** A session of which the identity may be unknown by now. */
export type SignedOut = Pick<Session, 'id'> & Partial<Session>;

export interface AgentFields {
  readonly tunnel: string;
  readonly owner: string;
  readonly agent: string;
}

/** What a party held too much of, as the log names it. */
export type Budget = 'waiting requests' | 'unfinished heads' | 'streams' | 'unread bytes' | 'links';
