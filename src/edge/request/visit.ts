/**
 * A visitor's request and the way to respond to it, the same for every version of HTTP: what the edge knows before the
 * decision, and the serving end of the exchange contract. `visitors/` has an implementation for each protocol.
 */
import type { HostKind } from '../../core/hostname.js';
import { type ErrorCode, PosternError } from '../../errors.js';
import type { InboundStream, RequestHead } from '../../http/exchange.js';
import type { ConnectionCache } from './connection-cache.js';
import type { RequestTrace } from './request-trace.js';
import type { Outlet } from './stalls.js';

/** Header values by lower-case name; several lines of one name are joined (RFC 9110 section 5.3). */
export type HeaderLookup = Readonly<Partial<Record<string, string>>>;

/** What a decision may look at. Lives as long as the request. */
export interface VisitRequest extends RequestHead {
  /** Shown in our pages, written to the log, and sent to the target as `X-Request-Id`. */
  readonly id: string;
  readonly header: HeaderLookup;
  /** Canonical host, without port; empty when the request has none that is valid. */
  readonly host: string;
  readonly place: HostKind;
  /** The visitor's IP address. */
  readonly address: string;
  /** `performance.now()` at arrival. */
  readonly arrivedAtMs: number;
  /** Of the connection, for its next request. */
  readonly cache: ConnectionCache;
  /** Set when the request is traced. */
  trace?: RequestTrace | undefined;
}

/** Who cut a response short: the target, the link to the agent, the edge itself, or the visitor who left. */
export type Cutter = 'target' | 'link' | 'edge' | 'visitor';

/** As `Via` writes it (RFC 9110 section 7.6.3). */
export type HttpVersion = '1.0' | '1.1' | '2.0';

/** One request of a visitor, from its arrival until its response has left or broken. */
export interface Visit extends VisitRequest, Omit<InboundStream, 'writeCopy'> {
  readonly version: HttpVersion;
  /** Resolves when the responses before this one have left, on a protocol that has an order; undefined when it is this one's turn. */
  readonly turn: Promise<unknown> | undefined;
  /** The head of a final response has left: no other can be sent. */
  readonly isResponding: boolean;
  /** The response has ended, whole or not, or its visitor has left. */
  readonly isClosed: boolean;
  /** Where the response is sent. */
  readonly outlet: Outlet;
  /** Why the response is about to be cut short; the first reason counts. */
  cutBy: Cutter | undefined;
  /** Asks for the body, where the client waits to be asked (RFC 9110 section 10.1.1). */
  sendContinue(): void;
  /** Sends the edge's own response, in place of one whose head has not left. The rest of the request's body is dropped. */
  reply(reply: Reply): void;
}

/** A complete response of the edge itself. The protocol adds what depends on it when it writes the reply. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Empty when there is none. */
  readonly body: string;
  /** What it reports, sent as `Postern-Error`. */
  readonly error?: ErrorCode;
}

/** The name of the tunnel whose host a request is for. */
export function tunnelName({ place }: VisitRequest): string {
  if (place.kind !== 'tunnel') throw new PosternError('ERR_INTERNAL', 'not the host of a tunnel');
  return place.name;
}

/** Who cuts a response short that ends with this error. */
export function cutterOf(code: ErrorCode): Cutter {
  if (code === 'ERR_LINK_LOST') return 'link';
  return code.startsWith('ERR_TARGET_') ? 'target' : 'edge';
}
