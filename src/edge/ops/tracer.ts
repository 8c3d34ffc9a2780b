/**
 * Traces requests for tunnels: decides which are recorded (as their caller says, else a share of them, and a bounded number
 * each second), follows them through gate, link and target, and tells the target which trace it is part of. Exists only where
 * traces are exported.
 */
import { filterFields } from '../../http/fields.js';
import { formatTraceparent, parseTraceparent } from '../../http/trace-context.js';
import { isOwnPath } from '../request/checks.js';
import { RequestTrace } from '../request/request-trace.js';
import type { Visit } from '../request/visit.js';
import type { EdgeEvent, EventSink } from './events.js';
import { decisionOf } from './metrics-sink.js';
import { type Span, spansOf } from './spans.js';

/** Requests that are recorded in a second: strangers can ask for any number. Further ones are forwarded as they came. */
export const MAX_TRACES_PER_SECOND = 100;

export interface TracerOptions {
  /** The share of requests whose caller says nothing, from 0 to 1. */
  readonly ratio: number;
  /** Receives the spans of a request that has ended. */
  readonly record: (spans: readonly Span[]) => void;
  readonly random?: () => number;
  /** In milliseconds. */
  readonly now?: () => number;
}

export class Tracer implements EventSink {
  readonly #options: TracerOptions;
  readonly #random: () => number;
  readonly #now: () => number;
  #second = 0;
  #begun = 0;

  constructor(options: TracerOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? Date.now;
  }

  /** Begins to trace a request that has arrived, if it is to be recorded. */
  begin(visit: Visit): void {
    if (visit.place.kind !== 'tunnel' || isOwnPath(visit.path)) return;
    const parent = parseTraceparent(visit.header['traceparent']);
    const isWanted = parent?.isSampled ?? this.#random() < this.#options.ratio;
    if (isWanted && this.#hasRoom()) visit.trace = new RequestTrace(parent);
  }

  /**
   * The headers of a request to its target. One that is recorded continues its trace; what is no valid `traceparent` goes no
   * further, and `tracestate` with it (section 3.3); all others are passed on as they came.
   */
  targetHeaders(visit: Visit, headers: readonly string[]): readonly string[] {
    const { trace } = visit;
    if (trace === undefined && visit.header['traceparent'] === undefined) return headers;
    if (trace === undefined)
      return parseTraceparent(visit.header['traceparent']) === undefined ? without(headers, true) : headers;
    const { traceId, linkSpanId, parentId } = trace;
    const kept = without(headers, parentId === undefined);
    kept.push('traceparent', formatTraceparent({ traceId, parentId: linkSpanId, isSampled: true }));
    return kept;
  }

  on(event: EdgeEvent): void {
    if (event.kind === 'decided') {
      const { trace } = event.visit;
      if (trace === undefined) return;
      trace.decision = decisionOf(event.verdict);
      trace.decidedAtMs = performance.now();
    } else if (event.kind === 'visit-ended') {
      const { trace } = event.visit;
      if (trace !== undefined) this.#options.record(spansOf(trace, event.visit, event.end, performance.now()));
    }
  }

  #hasRoom(): boolean {
    const second = Math.trunc(this.#now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#begun = 0;
    }
    this.#begun += 1;
    return this.#begun <= MAX_TRACES_PER_SECOND;
  }
}

function without(headers: readonly string[], withState: boolean): string[] {
  return filterFields(headers, (name) => name !== 'traceparent' && !(withState && name === 'tracestate'));
}
