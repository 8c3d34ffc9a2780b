/** What the tests of this folder share. */
import { Buffer } from 'node:buffer';
import { HpackDecoder, type HpackDecoderOptions } from '../../../../src/http2/hpack/decoder.js';
import type { TableView } from '../../../../src/http2/hpack/dynamic-table.js';
import { HpackEncoder, type HpackEncoderOptions } from '../../../../src/http2/hpack/encoder.js';

export const SECRET_NAMES: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie']);

/** The octets of hexadecimal digits, with or without spaces. */
export function fromHex(digits: string): Buffer {
  return Buffer.from(digits.replace(/\s/g, ''), 'hex');
}

export function newDecoder(options: Partial<HpackDecoderOptions> = {}): HpackDecoder {
  return new HpackDecoder({ tableSizeBytes: 4096, maxListBytes: 65_536, maxFields: 500, ...options });
}

export function newEncoder(options: HpackEncoderOptions = {}): HpackEncoder {
  return new HpackEncoder({ neverIndexed: SECRET_NAMES, ...options });
}

/** The fields of a table, newest first, as a flat list. */
export function contents(table: TableView): string[] {
  const fields: string[] = [];
  for (let age = 0; ; age++) {
    const field = table.get(age);
    if (field === undefined) return fields;
    fields.push(field.name, field.value);
  }
}
