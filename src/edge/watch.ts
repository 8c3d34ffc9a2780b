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
  /** Where the watch keeps it; the watch's own. */
  watchedAt?: number | undefined;
  judge(): Soon<Verdict>;
  end(): void;
}

export class Watch {
  // A list in no order, and not a Set: see `http2/live-streams.ts` for what those cost where every request comes and goes.
  readonly #open: Watched[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => void this.review(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Watches an open stream, until it is forgotten because it has ended by itself. */
  add(watched: Watched): void {
    if (watched.watchedAt !== undefined) return;
    watched.watchedAt = this.#open.push(watched) - 1;
  }

  /** Returns whether it was watched. */
  forget(watched: Watched): boolean {
    const at = watched.watchedAt;
    if (at === undefined || this.#open[at] !== watched) return false;
    watched.watchedAt = undefined;
    const last = this.#open.pop() as Watched;
    if (last === watched) return true;
    this.#open[at] = last;
    last.watchedAt = at;
    return true;
  }

  /** Asks the gate about every open stream now. */
  async review(): Promise<void> {
    await Promise.all([...this.#open].map((watched) => this.#reviewOne(watched)));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#open.length = 0;
  }

  async #reviewOne(watched: Watched): Promise<void> {
    if ((await refuses(watched)) && this.forget(watched)) watched.end();
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
