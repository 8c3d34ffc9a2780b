/**
 * The encoder of header blocks (RFC 7541 sections 2, 4.2, 6 and 7.1.3): chooses a representation for each field and
 * writes it. Lists are flat (name, value, name, value), names in lower case, one octet in each code unit.
 */
import { Buffer } from 'node:buffer';
import { BlockWriter } from './block-writer.js';
import { DEFAULT_TABLE_BYTES, type TableView } from './dynamic-table.js';
import { EncoderTable, type Entry } from './encoder-table.js';
import { HpackError } from './hpack-error.js';
import { MAX_INTEGER_BYTES, writeInteger } from './integer.js';
import { EncodedLiteralCache } from './literal-cache.js';
import { INDEXED, INSERTED, NEVER_INDEXED, NOT_INDEXED, type Representation, SIZE_UPDATE } from './representation.js';
import { STATIC_NAMES } from './static-table.js';
import { type HuffmanUse, maxStringBytes, writeString } from './string-literal.js';

// The largest table that a peer can make an encoder hold. A larger setting is not used up (section 4.2 permits that).
const MAX_TABLE_BYTES = 16_384;

// How many fields of a block are predicted from the block before.
const MAX_EXPECTED = 64;

// One for all connections: a block is written in one go.
const writer = new BlockWriter();

/** The options of an encoder; all have defaults. */
export interface HpackEncoderOptions {
  /** Names of secret fields: never-indexed literals, which no table and no intermediary may index (section 7.1.3). */
  readonly neverIndexed?: ReadonlySet<string>;
  /** The initial table size on both sides; 4096 by default, as in HTTP/2. */
  readonly tableSizeBytes?: number;
  /** The largest table if the peer permits more; 16384 by default. */
  readonly maxTableSizeBytes?: number;
  readonly huffman?: HuffmanUse;
}

/** Encodes the header blocks of one direction of one connection, in the order in which they are sent. */
export class HpackEncoder {
  readonly #table: EncoderTable;
  readonly #neverIndexed: ReadonlySet<string>;
  readonly #maxTableBytes: number;
  readonly #huffman: HuffmanUse;
  readonly #secrets = new EncodedLiteralCache();
  // The entries of the block before, by the position of their fields. Blocks of one connection resemble each other: most
  // fields are found by comparing two strings, without a hash of either.
  readonly #expected: (Entry | undefined)[] = [];
  // The number of evicted entries when the expected ones were last checked.
  #evicted = 0;
  // The smallest size since the last block, which the next block must announce.
  #smallestBytes: number | undefined;

  constructor(options: HpackEncoderOptions = {}) {
    const tableBytes = options.tableSizeBytes ?? DEFAULT_TABLE_BYTES;
    this.#table = new EncoderTable(tableBytes);
    this.#neverIndexed = options.neverIndexed ?? new Set();
    this.#maxTableBytes = options.maxTableSizeBytes ?? MAX_TABLE_BYTES;
    this.#huffman = options.huffman ?? 'when-shorter';
    this.setPeerTableSize(tableBytes);
  }

  /** The dynamic table of the peer's decoder after the blocks so far. */
  get table(): TableView {
    return this.#table.dynamic;
  }

  /** Applies the peer's SETTINGS_HEADER_TABLE_SIZE. The next block announces the new size. */
  setPeerTableSize(bytes: number): void {
    const { dynamic } = this.#table;
    const size = Math.min(bytes, this.#maxTableBytes);
    if (size === dynamic.maxBytes) return;
    this.#smallestBytes = Math.min(size, this.#smallestBytes ?? size);
    dynamic.resize(size);
  }

  /**
   * Encodes a list as one block. Fields named in `neverIndexed` were received as never-indexed and are sent so. Throws
   * `HpackError` if a name or value has a code unit that is not an octet; the block is void and the encoder stays usable.
   */
  encode(fields: readonly string[], neverIndexed?: ReadonlySet<string>): Buffer {
    const { bytes, at } = this.encodeInPlace(fields, neverIndexed);
    return Buffer.from(bytes.subarray(0, at));
  }

  /**
   * As `encode`, for callers that copy the block at once: it is the first `at` of these octets, until any encoder encodes
   * the next. A Buffer for each block would cost more than the copy.
   */
  encodeInPlace(fields: readonly string[], neverIndexed?: ReadonlySet<string>): Readonly<BlockWriter> {
    try {
      writer.begin();
      if (this.#smallestBytes !== undefined) this.#writeSizeUpdates(this.#smallestBytes);
      for (let at = 0; at < fields.length; at += 2) this.#writeField(fields, at, neverIndexed);
    } catch (error) {
      this.#resetTables();
      throw error;
    }
    if (this.#table.dynamic.evicted !== this.#evicted) this.#dropEvicted();
    return writer;
  }

  #writeField(fields: readonly string[], at: number, neverIndexed: ReadonlySet<string> | undefined): void {
    const name = fields[at] as string;
    const value = fields[at + 1];
    if (value === undefined) throw new HpackError('a list ends with a name');
    const expected = this.#expected[at >> 1];
    if (neverIndexed?.has(name)) this.#writeSecret(name, value);
    else if (
      expected !== undefined &&
      expected.value === value &&
      expected.name === name &&
      this.#table.holds(expected)
    ) {
      this.#writeIndexed(expected);
    } else if (this.#neverIndexed.has(name)) this.#writeSecret(name, value);
    else this.#writeUnexpected(name, value, at >> 1);
  }

  #writeUnexpected(name: string, value: string, order: number): void {
    let entry = this.#table.find(name, value);
    if (entry !== undefined) this.#writeIndexed(entry);
    else {
      const shouldIndex = this.#table.shouldIndex(name, value);
      this.#writeLiteral(shouldIndex ? INSERTED : NOT_INDEXED, this.#table.nameIndex(name), name, value);
      if (!shouldIndex) return;
      entry = this.#table.insert(name, value);
    }
    if (order < MAX_EXPECTED) this.#expected[order] = entry;
  }

  #writeIndexed(entry: Entry): void {
    writer.reserve(MAX_INTEGER_BYTES);
    writeInteger(writer, INDEXED.flags, INDEXED.prefixBits, this.#table.use(entry));
  }

  // Returns where the literal begins.
  #writeLiteral(representation: Representation, nameIndex: number, name: string, value: string): number {
    writer.reserve(MAX_INTEGER_BYTES + maxStringBytes(name) + maxStringBytes(value));
    const start = writer.at;
    writeInteger(writer, representation.flags, representation.prefixBits, nameIndex);
    if (nameIndex === 0) writeString(writer, name, this.#huffman);
    writeString(writer, value, this.#huffman);
    return start;
  }

  // Releases evicted entries, so that the memory stays within the table's bound.
  #dropEvicted(): void {
    this.#evicted = this.#table.dynamic.evicted;
    for (let order = 0; order < this.#expected.length; order++) {
      const entry = this.#expected[order];
      if (entry !== undefined && !this.#table.holds(entry)) this.#expected[order] = undefined;
    }
  }

  // Refers to static names only, so that the representation is independent of the dynamic table and can be cached.
  #writeSecret(name: string, value: string): void {
    const known = this.#secrets.find(name, value);
    if (known !== undefined) {
      writer.reserve(known.length);
      writer.bytes.set(known, writer.at);
      writer.at += known.length;
      return;
    }
    const start = this.#writeLiteral(NEVER_INDEXED, STATIC_NAMES.get(name)?.index ?? 0, name, value);
    this.#secrets.add(name, value, writer.bytes, start, writer.at);
  }

  // Section 4.2: the smallest size since the last block, because of what it evicted, and then the final one.
  #writeSizeUpdates(smallestBytes: number): void {
    const { maxBytes } = this.#table.dynamic;
    writer.reserve(2 * MAX_INTEGER_BYTES);
    if (smallestBytes < maxBytes) {
      writeInteger(writer, SIZE_UPDATE.flags, SIZE_UPDATE.prefixBits, smallestBytes);
    }
    writeInteger(writer, SIZE_UPDATE.flags, SIZE_UPDATE.prefixBits, maxBytes);
    this.#smallestBytes = undefined;
  }

  // The peer does not receive what the void block inserted, so a size of zero empties both tables.
  #resetTables(): void {
    const { dynamic } = this.#table;
    const { maxBytes } = dynamic;
    dynamic.resize(0);
    dynamic.resize(maxBytes);
    this.#smallestBytes = 0;
  }
}
