/**
 * A shared store that goes away while an edge starts, between what it writes and what it reads. It is waited for, as it is when it is
 * opened, and for as long; then the start ends with one sentence.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PosternError } from '../errors.js';
import type { Store } from '../store/store.js';

const PATIENCE_MS = 15_000;
const TICK_MS = 250;

/**
 * Attempts what needs the store until it is done. Rejects with `ERR_STORE_UNAVAILABLE` once the store has been away for the time, and at
 * once with any other error.
 */
export async function withPatience<Result>(
  store: Pick<Store, 'stats'>,
  attempt: () => Promise<Result>,
  patienceMs: number = PATIENCE_MS,
): Promise<Result> {
  const away = whenAway(store, patienceMs);
  try {
    for (let failures = 1; ; failures++) {
      const result = await Promise.race([attempt().catch(unavailable), away.forLong]);
      if (!(result instanceof Unavailable)) return result;
      if (failures * TICK_MS > patienceMs) throw result.error;
      await Promise.race([delay(TICK_MS), away.forLong]);
    }
  } finally {
    away.end();
  }
}

/** The outcome of an attempt that may be made again. */
class Unavailable {
  readonly error: PosternError;

  constructor(error: PosternError) {
    this.error = error;
  }
}

function unavailable(error: unknown): Unavailable {
  if (error instanceof PosternError && error.code === 'ERR_STORE_UNAVAILABLE') return new Unavailable(error);
  throw error;
}

/** `forLong` rejects once the store has had a problem for the whole time. */
function whenAway(store: Pick<Store, 'stats'>, patienceMs: number) {
  let timer: NodeJS.Timeout | undefined;
  const forLong = new Promise<never>((_, reject) => {
    let ticks = 0;
    timer = setInterval(() => {
      const problem = store.stats().shared?.problem;
      ticks = problem === undefined ? 0 : ticks + 1;
      if (ticks * TICK_MS >= patienceMs)
        reject(new PosternError('ERR_STORE_UNAVAILABLE', `${problem}: an edge cannot start without it`));
    }, TICK_MS);
  });
  forLong.catch(() => {}); // an attempt may have ended otherwise before
  return { forLong, end: () => clearInterval(timer) };
}
