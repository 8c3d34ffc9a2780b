/**
 * The spans of a request in OTLP's JSON (opentelemetry-proto 1.x): the request itself, the decision of the gate, the way over
 * the link and the wait for the target. No span has an address, an identity or a query.
 */
import type { RequestTrace } from '../request/request-trace.js';
import { spanId } from '../request/request-trace.js';
import type { VisitRequest } from '../request/visit.js';
import type { VisitEnd } from './events.js';

const MAX_PATH_CHARACTERS = 1_024;

// Others are `_OTHER`, by the semantic conventions of OpenTelemetry.
const METHODS: ReadonlySet<string> = new Set('GET HEAD POST PUT PATCH DELETE OPTIONS CONNECT TRACE'.split(' '));

const KINDS = { internal: 1, server: 2, client: 3 } as const;

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

/** As the collector receives it. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: 2 };
}

/** The spans of a request that has ended; times are those of `performance.now()`. */
export function spansOf(trace: RequestTrace, visit: VisitRequest, end: VisitEnd, endedAtMs: number): readonly Span[] {
  const { traceId, decision, decidedAtMs, openedAtMs, respondedAtMs } = trace;
  const method = METHODS.has(visit.method) ? visit.method : '_OTHER';
  const isFailed = end.status >= 500 || end.aborted === true;
  const root = { spanId: trace.spanId, ...(trace.parentId === undefined ? {} : { parentSpanId: trace.parentId }) };
  const span = (name: string, kind: number, fromMs: number, toMs: number, attributes: readonly Attribute[] = []) => ({
    traceId,
    name,
    kind,
    startTimeUnixNano: unixNano(fromMs),
    endTimeUnixNano: unixNano(toMs),
    attributes,
    status: {},
  });
  const spans: Span[] = [
    {
      ...span(method, KINDS.server, visit.arrivedAtMs, endedAtMs, describe(visit, method, end)),
      ...root,
      status: isFailed ? { code: 2 } : {},
    },
  ];
  const within = (parentSpanId: string, id = spanId()) => ({ spanId: id, parentSpanId });
  if (decidedAtMs !== undefined) {
    const attributes = [text('postern.decision', decision ?? '')];
    spans.push({
      ...span('gate', KINDS.internal, visit.arrivedAtMs, decidedAtMs, attributes),
      ...within(trace.spanId),
    });
  }
  if (openedAtMs === undefined) return spans;
  spans.push({ ...span('link', KINDS.client, openedAtMs, endedAtMs), ...within(trace.spanId, trace.linkSpanId) });
  if (respondedAtMs !== undefined)
    spans.push({ ...span('target', KINDS.internal, openedAtMs, respondedAtMs), ...within(trace.linkSpanId) });
  return spans;
}

function describe(visit: VisitRequest, method: string, { status, code }: VisitEnd): readonly Attribute[] {
  const [path = ''] = visit.path.split('?', 1);
  return [
    text('http.request.method', method),
    text('url.scheme', visit.scheme),
    text('url.path', path.slice(0, MAX_PATH_CHARACTERS)),
    text('server.address', visit.host),
    ...(status === 0 ? [] : [{ key: 'http.response.status_code', value: { intValue: String(status) } }]),
    ...(code === undefined ? [] : [text('error.type', code)]),
    text('postern.request_id', visit.id),
  ];
}

function text(key: string, stringValue: string): Attribute {
  return { key, value: { stringValue } };
}

/** Nanoseconds since the epoch, of a time of `performance.now()`: more digits than a number holds. */
function unixNano(ms: number): string {
  return String(BigInt(Math.round((performance.timeOrigin + ms) * 1_000)) * 1_000n);
}
