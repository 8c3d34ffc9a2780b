/**
 * Keeps records that strangers can cause from filling a disk: the first of a kind is written at once, further ones within a
 * minute are counted and written as one record with `count`. None is lost, and memory is bounded.
 */
import type { LogFields } from '../../core/log.js';

export interface Occurrence {
  readonly event: string;
  readonly message: string;
  /** The party of the record: a network, or a session. */
  readonly party: string;
  /** The fields that identify the party. */
  readonly who: LogFields;
  /** The fields that, with the party, identify the kind. */
  readonly what: LogFields;
  /** The fields of this occurrence only. */
  readonly once: LogFields;
}

export interface TallyOptions {
  readonly write: (fields: LogFields, message: string) => void;
  readonly maxKeys?: number;
  readonly maxKeysOfOne?: number;
}

interface Counted {
  readonly message: string;
  readonly fields: LogFields;
  readonly party: string;
  count: number;
  isFresh: boolean;
}

// With 300 bytes for a record, 256 first records and 256 counts are at most 150 kB a minute.
export const MAX_KEYS = 256;
// So that one party cannot use up the keys of the others.
export const MAX_KEYS_OF_ONE = 16;

export class Tally {
  readonly #options: Required<TallyOptions>;
  readonly #counted = new Map<string, Counted>();
  readonly #keysOf = new Map<string, number>();

  constructor(options: TallyOptions) {
    this.#options = { maxKeys: MAX_KEYS, maxKeysOfOne: MAX_KEYS_OF_ONE, ...options };
  }

  /** Writes the record, or counts it. */
  note(occurrence: Occurrence): void {
    const { event, message, party, who, what, once } = occurrence;
    const key = `${event} ${party} ${Object.values(what).join(' ')}`;
    const known = this.#counted.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#counted.size >= this.#options.maxKeys) this.#countRest(occurrence, '', {});
    else if ((this.#keysOf.get(party) ?? 0) >= this.#options.maxKeysOfOne) this.#countRest(occurrence, party, who);
    else {
      const fields = { event, ...who, ...what };
      this.#add(key, { message, fields, party, count: 0, isFresh: true });
      this.#options.write({ ...fields, ...once }, message);
    }
  }

  /** Writes the counts since the last call. To be called once a minute, and at the end. */
  flush(): void {
    for (const [key, counted] of this.#counted) {
      const { message, fields, count, isFresh } = counted;
      if (count > 0) this.#options.write({ ...fields, count }, message);
      counted.count = 0;
      counted.isFresh = false;
      if (count === 0 && !isFresh) this.#remove(key, counted); // a kind that continues is only counted
    }
  }

  /** Counts an occurrence without a key of its own for its party, or for all parties together. */
  #countRest({ event, message }: Occurrence, party: string, who: LogFields): void {
    const key = `${event} ${party}`;
    const known = this.#counted.get(key);
    if (known !== undefined) known.count += 1;
    else this.#add(key, { message, fields: { event, ...who, others: true }, party, count: 1, isFresh: true });
  }

  #add(key: string, counted: Counted): void {
    this.#counted.set(key, counted);
    this.#keysOf.set(counted.party, (this.#keysOf.get(counted.party) ?? 0) + 1);
  }

  #remove(key: string, { party }: Counted): void {
    this.#counted.delete(key);
    const left = (this.#keysOf.get(party) ?? 0) - 1;
    if (left > 0) this.#keysOf.set(party, left);
    else this.#keysOf.delete(party);
  }
}
