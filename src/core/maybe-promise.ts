/**
 * Values that are nearly always available synchronously. Awaiting one costs a promise and a microtask, for each step of each
 * request, so these steps return the value itself if they have it.
 */

/** A value, or a promise of one that is not available yet. */
export type MaybePromise<T> = T | Promise<T>;

/** Continues with a value, synchronously if it is available. */
export function chain<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
