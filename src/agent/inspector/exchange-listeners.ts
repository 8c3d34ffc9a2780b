/** Who is told as exchanges come, change and go. Hardly ever anybody: a page that is open, or a program. */
import { Captured } from './captured.js';
import type { KeptExchange } from './kept-exchange.js';

export interface ExchangesListener {
  changed(exchange: KeptExchange): void;
  messaged(exchange: KeptExchange): void;
  cleared(): void;
}

export class ExchangeListeners implements ExchangesListener {
  readonly #listeners = new Set<ExchangesListener>();

  /** Returns what ends it. */
  add(listener: ExchangesListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(exchange: KeptExchange): void {
    if (this.#listeners.size > 0 && isKept(exchange))
      for (const listener of this.#listeners) listener.changed(exchange);
  }

  messaged(exchange: KeptExchange): void {
    if (this.#listeners.size > 0 && isKept(exchange))
      for (const listener of this.#listeners) listener.messaged(exchange);
  }

  cleared(): void {
    for (const listener of this.#listeners) listener.cleared();
  }
}

function isKept(exchange: KeptExchange): boolean {
  return !(exchange instanceof Captured) || exchange.isKept;
}
