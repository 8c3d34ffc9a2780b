/**
 * What an encoder knows of both tables: where a field stands, and whether a new one is worth a place. It mirrors the
 * dynamic table of the peer's decoder, so it changes only together with what is written.
 */
import { DynamicTable, fieldBytes } from './dynamic-table.js';
import { STATIC_FIELD_COUNT, STATIC_FIELDS, STATIC_NAMES, type TableField } from './static-table.js';

// So many values of a name in a row that were inserted for nothing, and the next ones stay out: request ids, paths and
// lengths would only drive out what is used.
const MAX_MISSES = 4;

// The longest value that is remembered in order to see it come a second time.
const MAX_SKIPPED_CHARS = 512;

/** A field that can be referred to. */
export interface Entry extends TableField {
  /** Its index in the static table, or 0. */
  readonly staticIndex: number;
  /** Its place in the order of all entries of the dynamic table. */
  readonly place: number;
  /** Its name in the dynamic table. */
  record: NameRecord | undefined;
}

/** One name of the dynamic table; it lasts as long as an entry does. */
interface NameRecord {
  newest: Entry;
  /** The entries before it, by value. Most names have none: a Map for each would be half of what an encoder weighs. */
  older: Map<string, Entry> | undefined;
  /** Insertions since a value of this name was last referred to. */
  missesInARow: number;
  /** The last value that stayed out. */
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

  /** The index of an entry now (section 2.3.3). Counts as a use of it. */
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

  /** An index under which the name stands, or 0. */
  nameIndex(name: string): number {
    const staticIndex = STATIC_NAMES.get(name)?.index;
    if (staticIndex !== undefined) return staticIndex;
    const newest = this.#names.get(name)?.newest;
    return newest === undefined ? 0 : this.#indexOf(newest);
  }

  /** Whether a field that is in no table should enter the dynamic one. */
  shouldIndex(name: string, value: string): boolean {
    // A field that would drive out most of the others saves less than they do.
    if (fieldBytes(name, value) > this.dynamic.maxBytes / 2) return false;
    const record = this.#names.get(name);
    if (record === undefined || record.missesInARow < MAX_MISSES || record.lastSkipped === value) return true;
    record.lastSkipped = value.length <= MAX_SKIPPED_CHARS ? value : undefined;
    return false;
  }

  insert(name: string, value: string): Entry {
    const entry: Entry = { name, value, staticIndex: 0, place: this.dynamic.inserted, record: undefined };
    // First of all, because the evictions may end the record of this very name.
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
    // The oldest leave first: the newest of a name is its last.
    if (record?.newest === entry) this.#names.delete(entry.name);
    else record?.older?.delete(entry.value);
  }
}
