/** Emits every event of the edge to all sinks. One place, so that log, audit and metrics never disagree. */
import type { EdgeEvent, EventSink } from './events.js';

const FLUSH_INTERVAL_MS = 60_000;

export class Observer {
  readonly #sinks: readonly EventSink[];
  readonly #timer: NodeJS.Timeout;

  constructor(sinks: readonly EventSink[]) {
    this.#sinks = sinks;
    this.#timer = setInterval(() => this.#flush(), FLUSH_INTERVAL_MS).unref();
  }

  emit(event: EdgeEvent): void {
    for (const sink of this.#sinks) sink.on(event);
  }

  /** Flushes the counts and stops. */
  close(): void {
    clearInterval(this.#timer);
    this.#flush();
  }

  #flush(): void {
    for (const sink of this.#sinks) sink.flush?.();
  }
}
