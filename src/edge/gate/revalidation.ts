/**
 * Long requests outlive the moment in which the gate allowed them. The revalidator asks the gate again every few seconds for
 * each that is still open, and ends those that it would no longer let in: session over, signed out, policy changed. It
 * also cuts those whose visitor does not read, and gives up uploads that no app takes where there is a limit to that, or
 * where the edge runs out of connections: one that is not read does not tell that its visitor has left.
 */
import type { MaybePromise } from '../../core/maybe-promise.js';
import { PosternError } from '../../errors.js';
import { type Outlet, type Progress, progressOf, STALLED_AFTER_MS } from '../request/stalls.js';
import type { Verdict } from './gate.js';

// Ended within ten seconds of the cause, at a cost of one look into two maps for each open stream.
const INTERVAL_MS = 5_000;
const STALL_INTERVAL_MS = 60_000;

/** A request that is under way. */
export interface LongLivedRequest {
  /** Where the revalidator keeps it; its own. */
  watchedAt?: number | undefined;
  /** What its visitor had taken at the last look; the revalidator's own. */
  progress?: Progress | undefined;
  /** What its app had taken at the last look; the revalidator's own. */
  uploadProgress?: Progress | undefined;
  /** Where it is sent to its visitor. */
  readonly outlet: Outlet;
  /** Where what the visitor sends is sent to the app. */
  readonly upload?: Outlet | undefined;
  judge(): MaybePromise<Verdict>;
  /** Ends it because the gate would no longer let it in. */
  endSession(): void;
  /** Ends it because nobody reads it. */
  cut(): void;
  /** Ends it because its app does not take what the visitor sends. */
  giveUp?(): void;
}

export interface RevalidatorOptions {
  /** For how long an app may take too little of an upload, in milliseconds; undefined for as long as it likes. */
  readonly uploadIdleMs?: number | undefined;
  /** Whether the edge runs out of connections. */
  readonly isCrowded?: () => boolean;
}

export class Revalidator {
  readonly #uploadIdleMs: number;
  readonly #isCrowded: () => boolean;
  // A list in no order, and not a Set: see `http2/stream/id-table.ts` for what those cost where every request comes and goes.
  readonly #open: LongLivedRequest[] = [];
  readonly #timers: readonly NodeJS.Timeout[];

  constructor({ uploadIdleMs = Number.POSITIVE_INFINITY, isCrowded = () => false }: RevalidatorOptions = {}) {
    this.#uploadIdleMs = uploadIdleMs;
    this.#isCrowded = isCrowded;
    const stallIntervalMs = Math.min(STALL_INTERVAL_MS, uploadIdleMs / 2);
    this.#timers = [
      setInterval(() => void this.review(), INTERVAL_MS).unref(),
      setInterval(() => this.cutStalled(performance.now()), stallIntervalMs).unref(),
    ];
  }

  /** Watches an open stream, until it is forgotten because it has ended by itself. */
  add(watched: LongLivedRequest): void {
    if (watched.watchedAt !== undefined) return;
    watched.watchedAt = this.#open.push(watched) - 1;
  }

  /** Returns whether it was watched. */
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

  /** Asks the gate about every open stream now. */
  async review(): Promise<void> {
    await Promise.all([...this.#open].map((watched) => this.#reviewOne(watched)));
  }

  /** Cuts those that nobody has read for long, and gives up those that no app takes. */
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

  async #reviewOne(watched: LongLivedRequest): Promise<void> {
    if ((await refuses(watched)) && this.forget(watched)) watched.endSession();
  }
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
    // A tunnel that is going away ends its streams by itself; only a decision against the visitor ends them here.
    return verdict.kind === 'refuse' && verdict.code !== 'ERR_TUNNEL_OFFLINE';
  } catch {
    return true; // a gate that cannot judge does not let through
  }
}

/** Why a request ends that the gate had let in. */
export function sessionEnded(): PosternError {
  return new PosternError('ERR_LOGIN_REQUIRED', 'the session ended while the stream was open');
}
