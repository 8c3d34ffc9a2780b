/**
 * The decoder of header blocks (RFC 7541 sections 3, 4 and 6). Its memory is bounded, whatever the peer sends: a dynamic
 * table of the size that we announced, and one list within the limits.
 */
import { Buffer } from 'node:buffer';
import { isName, isPseudo, isValue } from '../message/field-syntax.js';
import { DEFAULT_TABLE_BYTES, DynamicTable, fieldBytes, type TableView } from './dynamic-table.js';
import { HeaderListTooLarge, HpackError } from './hpack-error.js';
import { readInteger } from './integer.js';
import { DecodedLiteralCache } from './literal-cache.js';
import { INDEXED, INSERTED, NEVER_INDEXED, NOT_INDEXED, SIZE_UPDATE } from './representation.js';
import { STATIC_FIELD_COUNT, STATIC_FIELDS, type TableField } from './static-table.js';
import { readString } from './string-literal.js';

const NOTHING = Buffer.alloc(0);

/**
 * A field of the tables with its validation result, so that an indexed field is not validated again, however long it is and
 * however often it comes.
 */
interface DecodedField extends TableField {
  readonly isName: boolean;
  /** Name and value are valid; see `field-syntax.ts`. */
  readonly isField: boolean;
}

const STATIC: readonly (DecodedField | undefined)[] = STATIC_FIELDS.map(
  (field) => field && { ...field, isName: isName(field.name), isField: isValue(field.name, field.value) },
);

/** The limits of a decoder. */
export interface HpackDecoderOptions {
  /**
   * The SETTINGS_HEADER_TABLE_SIZE that we announced. A peer may not know a value below 4096 yet: begin with 4096 and call
   * `setTableSize` when it is acknowledged.
   */
  readonly tableSizeBytes: number;
  /** The largest list, counted as for SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 section 6.5.2). */
  readonly maxListBytes: number;
  /** The most fields in a list. */
  readonly maxFields: number;
}

/** Decodes the header blocks of one direction of one connection, in the order in which they arrive. */
export class HpackDecoder {
  readonly #table: DynamicTable<DecodedField>;
  readonly #maxListBytes: number;
  readonly #maxFields: number;
  readonly #secrets = new DecodedLiteralCache<DecodedField>();
  #settingBytes: number;
  // The smallest setting since the last block. The peer must send a size update if its table was larger (section 4.2).
  #smallestSettingBytes: number;
  // The current block.
  readonly #cursor: { bytes: Buffer; at: number } = { bytes: NOTHING, at: 0 };
  #fields: string[] = [];
  #listBytes = 0;
  #isTooLarge = false;
  #isWellFormed = true;
  // Whether the name that was read last is valid.
  #isName = true;
  #neverIndexed: Set<string> | undefined;

  constructor(options: HpackDecoderOptions) {
    this.#settingBytes = options.tableSizeBytes;
    this.#smallestSettingBytes = options.tableSizeBytes;
    this.#maxListBytes = options.maxListBytes;
    this.#maxFields = options.maxFields;
    this.#table = new DynamicTable(Math.min(options.tableSizeBytes, DEFAULT_TABLE_BYTES));
  }

  /** The dynamic table after the blocks so far. */
  get table(): TableView {
    return this.#table;
  }

  /** Whether every field of the last list is valid by itself (RFC 9113 section 8.2.1). The list may still be no message. */
  get isWellFormed(): boolean {
    return this.#isWellFormed;
  }

  /** Changes the setting; call it when the peer has acknowledged it (RFC 9113 section 6.5.3). */
  setTableSize(bytes: number): void {
    this.#settingBytes = bytes;
    this.#smallestSettingBytes = Math.min(this.#smallestSettingBytes, bytes);
  }

  /**
   * Decodes a complete block to a flat list. Names of never-indexed fields are added to `neverIndexed`, for intermediaries
   * that forward them (section 7.1.3). Throws `HpackError` for anything that RFC 7541 calls an error, and
   * `HeaderListTooLarge`, after the block was processed, if the list exceeds a limit.
   */
  decode(block: Uint8Array, neverIndexed?: Set<string>): string[] {
    const bytes = Buffer.isBuffer(block) ? block : Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    const cursor = this.#cursor;
    cursor.bytes = bytes;
    cursor.at = 0;
    this.#fields = [];
    this.#listBytes = 0;
    this.#isTooLarge = false;
    this.#isWellFormed = true;
    this.#neverIndexed = neverIndexed;
    this.#readSizeUpdates();
    while (cursor.at < bytes.length) this.#readField(bytes[cursor.at] as number);
    return this.#finish();
  }

  #readField(first: number): void {
    const cursor = this.#cursor;
    if (first >= INDEXED.flags) {
      this.#append(this.#fieldAt(readInteger(cursor, INDEXED.prefixBits)));
    } else if (first >= INSERTED.flags) this.#readInserted();
    else if (first >= SIZE_UPDATE.flags) throw new HpackError('a table size update stands behind a field');
    else if (first >= NEVER_INDEXED.flags) this.#readSecret();
    else this.#readLiteral();
  }

  // Section 6.2.1.
  #readInserted(): void {
    // A string that fits neither into the table nor into the rest of the list is not kept.
    const maxBytes = Math.max(this.#room(), this.#table.maxBytes);
    const name = this.#readName(INSERTED.prefixBits, maxBytes);
    const value = readString(this.#cursor, maxBytes);
    if (name === undefined || value === undefined) {
      this.#table.clear();
      this.#refuse();
      return;
    }
    const field = this.#validated(name, value);
    this.#table.add(field);
    this.#append(field);
  }

  // Section 6.2.3.
  #readSecret(): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    const known = this.#secrets.find(cursor.bytes, start);
    if (known === undefined) {
      const field = this.#readLiteral();
      if (field === undefined) return;
      if (field.isField && this.#isSelfContained(start)) this.#secrets.add(field, cursor.bytes, start, cursor.at);
      this.#neverIndexed?.add(field.name);
    } else {
      cursor.at += known.bytes.length;
      this.#append(known.field);
      this.#neverIndexed?.add(known.field.name);
    }
  }

  // A reference to the dynamic table means another name later.
  #isSelfContained(start: number): boolean {
    return readInteger({ bytes: this.#cursor.bytes, at: start }, NEVER_INDEXED.prefixBits) <= STATIC_FIELD_COUNT;
  }

  // Sections 6.2.2 and 6.2.3.
  #readLiteral(): DecodedField | undefined {
    const name = this.#readName(NOT_INDEXED.prefixBits, this.#room());
    const value = readString(this.#cursor, this.#room());
    if (name === undefined || value === undefined) {
      this.#refuse();
      return undefined;
    }
    const field = this.#validated(name, value);
    this.#append(field);
    return field;
  }

  #readName(prefixBits: number, maxBytes: number): string | undefined {
    const index = readInteger(this.#cursor, prefixBits);
    if (index > 0) {
      const field = this.#fieldAt(index);
      this.#isName = field.isName;
      return field.name;
    }
    const name = readString(this.#cursor, maxBytes);
    this.#isName = name !== undefined && isName(name);
    return name;
  }

  /** A field whose name was just read and validated. */
  #validated(name: string, value: string): DecodedField {
    const hasValidName = this.#isName;
    return { name, value, isName: hasValidName, isField: hasValidName && isValue(name, value) };
  }

  // Section 2.3.3.
  #fieldAt(index: number): DecodedField {
    const field = index <= STATIC_FIELD_COUNT ? STATIC[index] : this.#table.get(index - STATIC_FIELD_COUNT - 1);
    if (field === undefined) throw new HpackError('an index is in neither table');
    return field;
  }

  // Section 6.3; by section 4.2 only at the beginning of a block.
  #readSizeUpdates(): void {
    const cursor = this.#cursor;
    let isOwed = this.#table.maxBytes > this.#smallestSettingBytes;
    while (isSizeUpdate(cursor.bytes[cursor.at])) {
      const size = readInteger(cursor, SIZE_UPDATE.prefixBits);
      if (size > this.#settingBytes || (isOwed && size > this.#smallestSettingBytes)) {
        throw new HpackError('a table size is larger than the setting');
      }
      this.#table.resize(size);
      isOwed = false;
    }
    if (isOwed) throw new HpackError('a table size update is missing');
    this.#smallestSettingBytes = this.#settingBytes;
  }

  // How much a string may still add to the list; nothing once the list was refused.
  #room(): number {
    return this.#isTooLarge ? 0 : this.#maxListBytes - this.#listBytes;
  }

  #append({ name, value, isField }: DecodedField): void {
    if (this.#isTooLarge) return;
    const listBytes = this.#listBytes + fieldBytes(name, value);
    if (listBytes > this.#maxListBytes || this.#fields.length >= 2 * this.#maxFields) this.#refuse();
    else {
      this.#listBytes = listBytes;
      this.#fields.push(name, value);
      if (!isField) this.#isWellFormed = false;
    }
  }

  // The rest of the block is still decoded, to keep the dynamic table in step.
  #refuse(): void {
    if (this.#isTooLarge) return;
    const regular = this.#fields.findIndex((field, at) => at % 2 === 0 && !isPseudo(field));
    if (regular !== -1) this.#fields.length = regular;
    this.#isTooLarge = true;
  }

  #finish(): string[] {
    const fields = this.#fields;
    this.#fields = [];
    this.#neverIndexed = undefined;
    // Releases the chunk that the block arrived in, which would live as long as an idle connection.
    this.#cursor.bytes = NOTHING;
    if (this.#isTooLarge) throw new HeaderListTooLarge('a header list is larger than the limits', fields);
    return fields;
  }
}

function isSizeUpdate(first: number | undefined): boolean {
  return first !== undefined && first >= SIZE_UPDATE.flags && first < INSERTED.flags;
}
