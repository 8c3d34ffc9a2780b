/**
 * Values that are nearly always there already. Awaiting one that is there costs a promise and a turn of the microtask
 * queue, for each step of each request: so those steps give the value itself when they have it.
 */

/** A value, or the promise of one when it has to be waited for. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value: at once when it is there. */
export function chain<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
