/**
 * Sends spans to a collector: OTLP over HTTP in JSON, `POST <endpoint>/v1/traces`, once a second and one request at a time.
 * A collector that is slow, away or refuses costs spans, which are counted, and nothing else.
 */
import type { Log } from '../../core/log.js';
import { type Metrics, Reading } from '../../core/metrics.js';
import type { Span } from './spans.js';

export interface SpanExporterOptions {
  /** Without `/v1/traces`. */
  readonly endpoint: string;
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of Postern. */
  readonly version: string;
  readonly log: Log;
  readonly metrics: Metrics;
}

// Four spans of each request that is traced, for ten seconds: a collector may take so long to respond. Some 4 MB.
export const MAX_WAITING_SPANS = 4_000;

const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 10_000;
// An edge that stops waits no longer than this for a response.
const LAST_TIMEOUT_MS = 1_000;

export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  #waiting: Span[] = [];
  #sending: Promise<void> | undefined;
  #isFailing = false;
  #sent = 0;
  #dropped = 0;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
    this.#url = `${options.endpoint.replace(/\/+$/, '')}/v1/traces`;
    this.#timer = setInterval(() => this.#flush(TIMEOUT_MS), INTERVAL_MS).unref();
    const { metrics } = options;
    metrics.add(
      new Reading('counter', 'postern_trace_spans_sent_total', 'Spans that the collector took.', () => this.#sent),
    );
    metrics.add(
      new Reading(
        'counter',
        'postern_trace_spans_dropped_total',
        'Spans that the collector did not take, or that found no room.',
        () => this.#dropped,
      ),
    );
  }

  /** Sends these spans with the next request, if there is room for all of them. */
  add(spans: readonly Span[]): void {
    if (this.#waiting.length + spans.length > MAX_WAITING_SPANS) this.#dropped += spans.length;
    else for (const span of spans) this.#waiting.push(span);
  }

  /** Waits for a request that is under way, and sends what waits with one more; each may take `timeoutMs`. */
  async close(timeoutMs = LAST_TIMEOUT_MS): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#sending, new Promise((resolve) => setTimeout(resolve, timeoutMs).unref())]);
    this.#sending = undefined;
    await this.#flush(timeoutMs);
  }

  #flush(timeoutMs: number): Promise<void> | undefined {
    if (this.#sending !== undefined || this.#waiting.length === 0) return this.#sending;
    const spans = this.#waiting;
    this.#waiting = [];
    this.#sending = this.#send(spans, timeoutMs).finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #send(spans: readonly Span[], timeoutMs: number): Promise<void> {
    try {
      await this.#post(JSON.stringify(this.#content(spans)), timeoutMs);
      this.#sent += spans.length;
      if (this.#isFailing) this.#options.log.info({}, 'the collector takes traces again');
      this.#isFailing = false;
    } catch (error) {
      this.#dropped += spans.length;
      const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause : error).message : '';
      if (!this.#isFailing)
        this.#options.log.warn({ reason }, 'the collector takes no traces: they are dropped and counted');
      this.#isFailing = true;
    }
  }

  async #post(body: string, timeoutMs: number): Promise<void> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { ...this.#options.headers, 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel(); // it says nothing that is needed
    if (!response.ok) throw new Error(`it responds with ${response.status}`);
  }

  #content(spans: readonly Span[]): object {
    const { version } = this.#options;
    const attributes = Object.entries({ 'service.name': 'postern', 'service.version': version }).map(
      ([key, stringValue]) => ({ key, value: { stringValue } }),
    );
    return {
      resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'postern', version }, spans }] }],
    };
  }
}
