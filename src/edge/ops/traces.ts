/** The traces of an edge: the tracer and where its spans go, when the operator names a collector. */
import type { Log } from '../../core/log.js';
import type { Metrics } from '../../core/metrics.js';
import { SpanExporter } from './span-exporter.js';
import { Tracer } from './tracer.js';

export interface TracesConfig {
  /** Of an OTLP collector over HTTP, without `/v1/traces`. */
  readonly endpoint: string;
  /** Sent with each request to it. */
  readonly headers: Readonly<Record<string, string>>;
  /** The share of requests whose caller says nothing about recording, from 0 to 1. */
  readonly ratio: number;
}

export interface Traces {
  readonly tracer: Tracer;
  /** Sends the spans that are left; takes two seconds at most. */
  close(): Promise<void>;
}

/** Opens them; undefined without a configuration, and then nothing of a request is noted. */
export function openTraces(
  config: TracesConfig | undefined,
  options: { readonly version: string; readonly log: Log; readonly metrics: Metrics },
): Traces | undefined {
  if (config === undefined) return undefined;
  const { ratio, ...collector } = config;
  const exporter = new SpanExporter({ ...collector, ...options });
  const tracer = new Tracer({ ratio, record: (spans) => exporter.add(spans) });
  return { tracer, close: () => exporter.close() };
}
