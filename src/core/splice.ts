/** Joins two byte streams into one conversation. */
import { type Duplex, pipeline } from 'node:stream';

/**
 * Passes bytes both ways with back-pressure until both directions have ended; an end passes alone (half-close), an error
 * or an early close of either stream destroys both. Owns both streams from here on; `ended` is called once.
 */
export function splice(one: Duplex, other: Duplex, ended: () => void = () => {}): void {
  let open = 2;
  const finish = (error: Error | null | undefined) => {
    if (error) {
      one.destroy();
      other.destroy();
    }
    if (--open === 0) ended();
  };
  pipeline(one, other, finish);
  pipeline(other, one, finish);
}
