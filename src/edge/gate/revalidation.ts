/**
 * Authorisation may end while a long request is open. The revalidator asks the gate about every open request again every few
 * seconds and ends those that it no longer admits: session expired or revoked, policy changed. It also cuts responses that
 * the visitor does not read, and abandons uploads that the app does not read if there is a limit for that, or when the edge
 * runs out of connections: while an upload is not read, the edge cannot detect that its visitor has disconnected.
 */
import type { MaybePromise } from '../../core/maybe-promise.js';
import { PosternError } from '../../errors.js';
import { type Outlet, type Progress, progressOf, STALLED_AFTER_MS } from '../request/stalls.js';
import type { Admitted, Verdict } from './gate.js';

// Requests end within ten seconds of the cause, at the cost of two map lookups for each open stream.
const INTERVAL_MS = 5_000;
const STALL_INTERVAL_MS = 60_000;

/** An open request. */
export interface LongLivedRequest {
  /** Its index in the revalidator's list; set by the revalidator only. */
  watchedAt?: number | undefined;
  /** How much its visitor had read at the last check; set by the revalidator only. */
  progress?: Progress | undefined;
  /** How much its app had read at the last check; set by the revalidator only. */
  uploadProgress?: Progress | undefined;
  /** The connection to its visitor. */
  readonly outlet: Outlet;
  /** The way of the upload to the app. */
  readonly upload?: Outlet | undefined;
  /** What is open; a plain request unless it says so. */
  readonly stream?: 'event stream' | 'websocket' | undefined;
  /** The verdict that has let it in; undefined before there is one. */
  readonly admitted?: Admitted | undefined;
  judge(): MaybePromise<Verdict>;
  /** Ends it because the gate no longer admits it. */
  endSession(): void;
  /** Ends it because its visitor does not read. */
  cut(): void;
  /** Ends it because its app does not read the upload. */
  giveUp?(): void;
}

export interface RevalidatorOptions {
  /** For how long an app may read too little of an upload, in milliseconds; undefined: without a limit. */
  readonly uploadIdleMs?: number | undefined;
  /** Whether the edge runs out of connections. */
  readonly isCrowded?: () => boolean;
}

export class Revalidator {
  readonly #uploadIdleMs: number;
  readonly #isCrowded: () => boolean;
  // An unordered list instead of a Set: `http2/stream/id-table.ts` has the costs of a Set that every request changes.
  readonly #open: LongLivedRequest[] = [];
  readonly #timers: readonly NodeJS.Timeout[];
  /** The review that begins at the end of this turn of the event loop. */
  #next: Promise<void> | undefined;

  constructor({ uploadIdleMs = Number.POSITIVE_INFINITY, isCrowded = () => false }: RevalidatorOptions = {}) {
    this.#uploadIdleMs = uploadIdleMs;
    this.#isCrowded = isCrowded;
    const stallIntervalMs = Math.min(STALL_INTERVAL_MS, uploadIdleMs / 2);
    this.#timers = [
      setInterval(() => void this.review(), INTERVAL_MS).unref(),
      setInterval(() => this.cutStalled(performance.now()), stallIntervalMs).unref(),
    ];
  }

  /** Adds an open request. The caller forgets it when it ends by itself. */
  add(watched: LongLivedRequest): void {
    if (watched.watchedAt !== undefined) return;
    watched.watchedAt = this.#open.push(watched) - 1;
  }

  /** Removes a request. Returns whether it was there. */
  forget(watched: LongLivedRequest): boolean {
    const at = watched.watchedAt;
    if (at === undefined || this.#open[at] !== watched) return false;
    watched.watchedAt = undefined;
    const last = this.#open.pop() as LongLivedRequest;
    if (last === watched) return true;
    this.#open[at] = last;
    last.watchedAt = at;
    return true;
  }

  /** The requests that are open. */
  open(): Iterable<LongLivedRequest> {
    return this.#open;
  }

  /**
   * Asks the gate about every open request at the end of this turn of the event loop, once for all calls until then: a hundred
   * people who are shut out at once cost one look at what is open. Resolves when all have been judged.
   */
  review(): Promise<void> {
    this.#next ??= endOfTurn().then(() => {
      this.#next = undefined; // what changes from here on needs another look
      return this.#reviewAll();
    });
    return this.#next;
  }

  /** Cuts responses that were not read for long, and abandons uploads that the app does not read. */
  cutStalled(nowMs: number): void {
    const uploadIdleMs = this.#isCrowded() ? Math.min(this.#uploadIdleMs, STALLED_AFTER_MS) : this.#uploadIdleMs;
    for (const watched of [...this.#open]) {
      if (isNotTaken(watched, nowMs, uploadIdleMs) && this.forget(watched)) watched.giveUp?.();
      const progress = progressOf(watched.outlet, watched.progress, nowMs);
      watched.progress = progress === 'stalled' ? undefined : progress;
      if (progress === 'stalled' && this.forget(watched)) watched.cut();
    }
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#open.length = 0;
  }

  async #reviewAll(): Promise<void> {
    await Promise.all([...this.#open].map((watched) => this.#reviewOne(watched)));
  }

  async #reviewOne(watched: LongLivedRequest): Promise<void> {
    if ((await refuses(watched)) && this.forget(watched)) watched.endSession();
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isNotTaken(watched: LongLivedRequest, nowMs: number, limitMs: number): boolean {
  const { upload } = watched;
  if (upload === undefined) return false;
  const progress = progressOf(upload, watched.uploadProgress, nowMs, limitMs);
  watched.uploadProgress = progress === 'stalled' ? undefined : progress;
  return progress === 'stalled';
}

async function refuses(watched: LongLivedRequest): Promise<boolean> {
  try {
    const verdict = await watched.judge();
    // A tunnel that goes offline ends its streams by itself; only a decision against the visitor ends them here.
    return verdict.kind === 'refuse' && verdict.code !== 'ERR_TUNNEL_OFFLINE';
  } catch {
    return true; // fails closed
  }
}

/** The error with which an admitted request ends when its session does. */
export function sessionEnded(): PosternError {
  return new PosternError('ERR_LOGIN_REQUIRED', 'the session ended while the stream was open');
}
