/**
 * Both tables as an encoder needs them: the index of a field, and whether a new field should be indexed. It mirrors the
 * dynamic table of the peer's decoder, so it changes only together with what is written.
 */
import { DynamicTable, fieldBytes } from './dynamic-table.js';
import { STATIC_FIELD_COUNT, STATIC_FIELDS, STATIC_NAMES, type TableField } from './static-table.js';

// After this many values of a name in a row that were inserted and never used, further ones are not inserted: request ids,
// paths and lengths would only evict what is used.
const MAX_MISSES = 4;

// The longest skipped value that is remembered, so that it is inserted the second time.
const MAX_SKIPPED_CHARS = 512;

/** A field with an index. */
export interface Entry extends TableField {
  /** Its index in the static table, or 0. */
  readonly staticIndex: number;
  /** Its sequence number among all entries of the dynamic table. */
  readonly place: number;
  /** Its name in the dynamic table. */
  record: NameRecord | undefined;
}

/** One name of the dynamic table, for as long as it has an entry. */
interface NameRecord {
  newest: Entry;
  /** Older entries by value. Most names have none, and a Map for each would be half of an encoder's memory. */
  older: Map<string, Entry> | undefined;
  /** Insertions since a value of this name was last used. */
  missesInARow: number;
  /** The last value that was not inserted. */
  lastSkipped: string | undefined;
}

const STATIC_ENTRIES = STATIC_FIELDS.map((field, index): Entry | undefined =>
  field === undefined ? undefined : { ...field, staticIndex: index, place: -1, record: undefined },
);

export class EncoderTable {
  readonly dynamic: DynamicTable<Entry>;
  readonly #names = new Map<string, NameRecord>();

  constructor(maxBytes: number) {
    this.dynamic = new DynamicTable<Entry>(maxBytes, (entry) => this.#forget(entry));
  }

  /** Whether an entry found earlier is still in its table. */
  holds(entry: Entry): boolean {
    return entry.staticIndex !== 0 || entry.place >= this.dynamic.evicted;
  }

  /** The current index of an entry (section 2.3.3). Counts as a use. */
  use(entry: Entry): number {
    if (entry.staticIndex !== 0) return entry.staticIndex;
    if (entry.record !== undefined) entry.record.missesInARow = 0;
    return this.#indexOf(entry);
  }

  find(name: string, value: string): Entry | undefined {
    const record = this.#names.get(name);
    if (record !== undefined) {
      const entry = record.newest.value === value ? record.newest : record.older?.get(value);
      if (entry !== undefined) return entry;
    }
    const staticIndex = STATIC_NAMES.get(name)?.values.get(value);
    return staticIndex === undefined ? undefined : STATIC_ENTRIES[staticIndex];
  }

  /** An index of an entry with the name, or 0. */
  nameIndex(name: string): number {
    const staticIndex = STATIC_NAMES.get(name)?.index;
    if (staticIndex !== undefined) return staticIndex;
    const newest = this.#names.get(name)?.newest;
    return newest === undefined ? 0 : this.#indexOf(newest);
  }

  /** Whether a field that is in neither table should be inserted into the dynamic one. */
  shouldIndex(name: string, value: string): boolean {
    // A field that would evict most of the others saves less than they do.
    if (fieldBytes(name, value) > this.dynamic.maxBytes / 2) return false;
    const record = this.#names.get(name);
    if (record === undefined || record.missesInARow < MAX_MISSES || record.lastSkipped === value) return true;
    record.lastSkipped = value.length <= MAX_SKIPPED_CHARS ? value : undefined;
    return false;
  }

  insert(name: string, value: string): Entry {
    const entry: Entry = { name, value, staticIndex: 0, place: this.dynamic.inserted, record: undefined };
    // First, because its evictions may delete the record of this name.
    this.dynamic.add(entry);
    const record = this.#names.get(name) ?? this.#begin(name, entry);
    if (record.newest !== entry) {
      record.older ??= new Map();
      record.older.set(record.newest.value, record.newest);
      record.newest = entry;
    }
    record.missesInARow++;
    record.lastSkipped = undefined;
    entry.record = record;
    return entry;
  }

  #begin(name: string, newest: Entry): NameRecord {
    const record: NameRecord = { newest, older: undefined, missesInARow: 0, lastSkipped: undefined };
    this.#names.set(name, record);
    return record;
  }

  #indexOf(entry: Entry): number {
    return STATIC_FIELD_COUNT + this.dynamic.inserted - entry.place;
  }

  #forget(entry: Entry): void {
    const { record } = entry;
    // Evicted in order of age: the newest entry of a name is its last.
    if (record?.newest === entry) this.#names.delete(entry.name);
    else record?.older?.delete(entry.value);
  }
}
