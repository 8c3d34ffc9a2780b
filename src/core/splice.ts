/** Connects two byte streams in both directions. */
import type { Duplex } from 'node:stream';

/**
 * Forwards bytes both ways with back-pressure. An end is forwarded by itself (half-close). When a stream closes after its
 * end, the other one finishes writing and is closed; when it closes without an end, the other one is destroyed with an
 * error. Owns both streams; `ended` is called once, when both have closed.
 */
export function splice(one: Duplex, other: Duplex, ended: () => void = () => {}): void {
  let open = 2;
  const closed = () => {
    if (--open === 0) ended();
  };
  follow(one, other, closed);
  follow(other, one, closed);
}

// Not two `pipeline` calls: each would treat the regular close of the other direction as premature, and discard what is
// still to be written.
function follow(from: Duplex, to: Duplex, closed: () => void): void {
  from.pipe(to);
  from.on('error', () => {}); // `close` follows; without a listener the error would end the process
  from.once('close', () => {
    closed();
    if (!from.readableEnded && to.writableEnded) return; // the code that ended it closes it, after its last bytes
    if (!from.readableEnded) to.destroy(new Error('the other side broke off'));
    else if (to.writableFinished) to.destroy();
    else to.once('finish', () => to.destroy());
  });
}
