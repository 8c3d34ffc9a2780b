/** What is noted of a request that is traced, from its arrival until its response has ended. */
import { randomHex } from '../../core/random-hex.js';

export class RequestTrace {
  readonly traceId: string;
  /** The caller's span; undefined where the trace begins here. */
  readonly parentId: string | undefined;
  readonly spanId = spanId();
  /** Of the request to the target, which continues the trace. */
  readonly linkSpanId = spanId();
  /** `forward`, or the code of a refusal; undefined before there is a decision. */
  decision: string | undefined;
  /** `performance.now()`, as all times here; undefined for what has not happened. */
  decidedAtMs: number | undefined;
  /** The request went onto the link. */
  openedAtMs: number | undefined;
  /** The head of the target's response has arrived. */
  respondedAtMs: number | undefined;

  /** Continues the trace of a caller, or begins one. */
  constructor(parent: { readonly traceId: string; readonly parentId: string } | undefined) {
    this.traceId = parent?.traceId ?? randomHex(16);
    this.parentId = parent?.parentId;
  }

  opened(): void {
    this.openedAtMs = performance.now();
  }

  responded(): void {
    this.respondedAtMs ??= performance.now();
  }
}

/** An id for a span. */
export function spanId(): string {
  return randomHex(8);
}
