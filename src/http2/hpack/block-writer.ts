/** The memory that encoders write to: one header block at a time, always the same memory. */
import { Buffer } from 'node:buffer';
import type { Cursor } from './integer.js';

// Larger than nearly every block. A larger block gets its own memory until the next one.
const ORDINARY_BYTES = 16_384;

const ordinary = Buffer.allocUnsafeSlow(ORDINARY_BYTES);

export class BlockWriter implements Cursor {
  bytes = ordinary;
  at = 0;

  /** Begins a block and discards the one before. */
  begin(): void {
    this.bytes = ordinary;
    this.at = 0;
  }

  /** Makes room for more octets. May replace `bytes`. */
  reserve(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.at + bytes));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}
