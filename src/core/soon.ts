/**
 * Values that are nearly always there already. Awaiting one that is there costs a promise and a turn of the microtask
 * queue, for each step of each request: so those steps give the value itself when they have it.
 */

/** A value, or the promise of one when it has to be waited for. */
export type Soon<T> = T | Promise<T>;

/** Goes on with a value: at once when it is there. */
export function whenThere<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
