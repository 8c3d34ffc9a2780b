/** The record of one completed request, for the line that the agent prints. */

import type { RequestHead } from '../../http/exchange.js';
import { fieldValue } from '../../http/fields.js';

/** What the agent reports about a request, once, after its response. Texts come from outside: escape before printing. */
export interface RequestRecord {
  /** When the request arrived. */
  readonly time: Date;
  /** The visitor's, as the edge verified it; undefined where no sign-in is required. */
  readonly email: string | undefined;
  /** `GET` for a WebSocket, as the visitor sent it. */
  readonly method: string;
  readonly path: string;
  /** 101 for an accepted WebSocket; 499 when the visitor disconnected before there was a response. */
  readonly status: number;
  /** Until the response's last byte; for a WebSocket until it was accepted. */
  readonly durationMs: number;
  /** The response is incomplete: the visitor disconnected, but for an event stream, or the target broke off. */
  readonly aborted: boolean;
  /** The edge's, as on its pages, in its log and in `X-Request-Id`. */
  readonly requestId: string | undefined;
  /** How the target failed, in a sentence; absent when it did not. */
  readonly failure?: string;
}

/** Status of a request whose client disconnected first, as nginx logs it. */
export const STATUS_CLIENT_CLOSED = 499;

/** How a request ended. */
export interface RecordEnd {
  readonly status: number;
  readonly aborted: boolean;
  readonly failure?: string | undefined;
}

/** Starts the clock of a request; the returned function makes its record. */
export function startRecord(head: RequestHead): (end: RecordEnd) => RequestRecord {
  const timeMs = Date.now();
  const startedMs = performance.now();
  return ({ status, aborted, failure }) => ({
    time: new Date(timeMs),
    email: readEmail(fieldValue(head.headers, 'x-forwarded-email')),
    method: head.protocol === 'websocket' ? 'GET' : head.method,
    path: head.path,
    status,
    durationMs: performance.now() - startedMs,
    aborted,
    requestId: fieldValue(head.headers, 'x-request-id'),
    ...(failure === undefined ? {} : { failure }),
  });
}

/** The email address of an identity header; as received when it is not encoded as the edge does. */
export function readEmail(value: string | undefined): string | undefined {
  if (value === undefined || !value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // not encoded by Postern
  }
}
