/** Joins two byte streams into one conversation. */
import type { Duplex } from 'node:stream';

/**
 * Passes bytes both ways with back-pressure. An end passes alone (half-close); a stream that closes with all its bytes
 * passed on lets the other one finish writing and closes it; one that breaks off breaks the other. Owns both streams;
 * `ended` is called once, when both are closed.
 */
export function splice(one: Duplex, other: Duplex, ended: () => void = () => {}): void {
  let open = 2;
  const closed = () => {
    if (--open === 0) ended();
  };
  follow(one, other, closed);
  follow(other, one, closed);
}

// Not `pipeline`, twice: each would take the regular close of the other direction for a premature one, and would cut
// off what is still to be written.
function follow(from: Duplex, to: Duplex, closed: () => void): void {
  from.pipe(to);
  from.on('error', () => {}); // `close` follows and says all that is needed; unheard it would end the process
  from.once('close', () => {
    closed();
    if (!from.readableEnded && to.writableEnded) return; // whoever has ended it, with a last word perhaps, closes it
    if (!from.readableEnded) to.destroy(new Error('the other side broke off'));
    else if (to.writableFinished) to.destroy();
    else to.once('finish', () => to.destroy());
  });
}
