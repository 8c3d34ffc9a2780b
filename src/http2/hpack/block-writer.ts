/** Where encoders write: one header block at a time, always in the same memory. */
import { Buffer } from 'node:buffer';
import type { Cursor } from './integer.js';

// More than nearly every block. A larger one gets its own memory, which is given up with the next block.
const ORDINARY_BYTES = 16_384;

const ordinary = Buffer.allocUnsafeSlow(ORDINARY_BYTES);

export class BlockWriter implements Cursor {
  bytes = ordinary;
  at = 0;

  /** Begins a block in place of the one before. */
  begin(): void {
    this.bytes = ordinary;
    this.at = 0;
  }

  /** Makes room for so many octets. `bytes` may be another afterwards. */
  reserve(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.at + bytes));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}
