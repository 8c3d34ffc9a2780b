/**
 * Long requests outlive the moment in which the gate allowed them. The watch asks the gate again every few seconds for
 * each that is still open, and ends those that it would no longer let in: session over, signed out, policy changed.
 */
import type { Soon } from '../core/soon.js';
import type { Verdict } from './gate.js';

// Ended within ten seconds of the cause, at a cost of one look into two maps for each open stream.
const INTERVAL_MS = 5_000;

/** A request that is under way. */
export interface Watched {
  judge(): Soon<Verdict>;
  end(): void;
}

export class Watch {
  readonly #open = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => void this.review(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Watches an open stream, until it is forgotten because it has ended by itself. */
  add(watched: Watched): void {
    this.#open.add(watched);
  }

  forget(watched: Watched): void {
    this.#open.delete(watched);
  }

  /** Asks the gate about every open stream now. */
  async review(): Promise<void> {
    await Promise.all([...this.#open].map((watched) => this.#reviewOne(watched)));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#open.clear();
  }

  async #reviewOne(watched: Watched): Promise<void> {
    if ((await refuses(watched)) && this.#open.delete(watched)) watched.end();
  }
}

async function refuses(watched: Watched): Promise<boolean> {
  try {
    const verdict = await watched.judge();
    // A tunnel that is going away ends its streams by itself; only a decision against the visitor ends them here.
    return verdict.kind === 'refuse' && verdict.code !== 'ERR_TUNNEL_OFFLINE';
  } catch {
    return true; // a gate that cannot judge does not let through
  }
}
