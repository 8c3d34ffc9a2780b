/**
 * How often a node is dialled that cannot be reached, however many requests are for its agents: a host that drops packets holds each
 * of them up for as long as a dial may take, and one that refuses is dialled by each.
 */
import { Backoff } from '../core/backoff.js';
import type { ClusterNode } from './directory.js';

// A request that could not be relayed is tried once more at once, and so is the dial. After that `maxMs` is how long a node that can
// be reached again may be waited for.
const AT_ONCE = 1;
const WAIT = { firstMs: 250, maxMs: 10_000 };

export interface DialBackoffOptions {
  /** The node of an id, as long as it lives. */
  readonly nodeOf: (id: string) => ClusterNode | undefined;
  /** Monotonic, in milliseconds; `performance.now` by default. */
  readonly now?: (() => number) | undefined;
  /** A number in [0, 1); `Math.random` by default. */
  readonly random?: () => number;
}

interface Failing {
  readonly backoff: Backoff;
  failures: number;
  /** Not dialled before. */
  againAtMs: number;
  reason: string;
}

export class DialBackoff {
  readonly #options: DialBackoffOptions;
  readonly #now: () => number;
  readonly #failing = new Map<string, Failing>();

  constructor(options: DialBackoffOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Why a node could not be reached the last time, while it is not dialled again; undefined when it may be dialled. */
  refusal(id: string): string | undefined {
    const failing = this.#failing.get(id);
    return failing !== undefined && this.#now() < failing.againAtMs ? failing.reason : undefined;
  }

  /** A dial has failed. One of a node that has ended counts for nothing. */
  failed(id: string, reason: string): void {
    this.#forgetEnded();
    if (this.#options.nodeOf(id) === undefined) return;
    const failing = this.#failing.get(id) ?? this.#begin();
    this.#failing.set(id, failing);
    failing.reason = reason;
    failing.failures += 1;
    if (failing.failures > AT_ONCE) failing.againAtMs = this.#now() + failing.backoff.next();
  }

  /** A node was reached, or has reached this one: it may be dialled at once. */
  reached(id: string): void {
    this.#failing.delete(id);
  }

  #begin(): Failing {
    const { random = Math.random } = this.#options;
    return { backoff: new Backoff({ ...WAIT, random }), failures: 0, againAtMs: Number.NEGATIVE_INFINITY, reason: '' };
  }

  #forgetEnded(): void {
    for (const id of this.#failing.keys()) if (this.#options.nodeOf(id) === undefined) this.#failing.delete(id);
  }
}
