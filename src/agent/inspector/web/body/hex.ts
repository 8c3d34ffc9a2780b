/** Bytes as rows of sixteen: offset, hexadecimal, and what is printable of them. */

export interface HexRow {
  readonly offset: string;
  readonly bytes: string;
  readonly text: string;
}

const WIDTH = 16;

export function hexRows(body: Uint8Array, from: number, count: number): HexRow[] {
  const rows: HexRow[] = [];
  for (let at = from * WIDTH; at < body.length && rows.length < count; at += WIDTH)
    rows.push(hexRow(body.subarray(at, at + WIDTH), at));
  return rows;
}

export function hexRowCount(body: Uint8Array): number {
  return Math.ceil(body.length / WIDTH);
}

function hexRow(bytes: Uint8Array, at: number): HexRow {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const halves = [pairs.slice(0, 8).join(' '), pairs.slice(8).join(' ')];
  return {
    offset: at.toString(16).padStart(8, '0'),
    bytes: halves.join('  ').padEnd(WIDTH * 3),
    text: Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join(''),
  };
}
