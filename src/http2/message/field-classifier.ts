/**
 * Judges the fields of a list one by one, so that no octet is looked at more often than the peer sends it. What arrives
 * was judged when it was decoded (`hpack/decoder.ts`); for what leaves there is a cache, which is one connection's:
 * nobody can fill it for others, or find in it what was theirs.
 */
import { isName, isPseudo, isValue } from './field-syntax.js';

/** A list that is not a message; the reason, for a log. */
export class MalformedFields extends Error {
  override readonly name = 'MalformedFields';
}

/** What a message has to look at, beside the syntax. */
export type FieldKind = 'plain' | 'pseudo' | 'forbidden' | 'te' | 'content-length' | 'host';

export interface FieldClassifier {
  /** The kind of a field. Throws `MalformedFields` when its name or its value is none. */
  classify(name: string, value: string | undefined): FieldKind;
}

// Section 8.2.2. `te` may only say `trailers`.
const KINDS: ReadonlyMap<string, FieldKind> = new Map([
  ['connection', 'forbidden'],
  ['keep-alive', 'forbidden'],
  ['proxy-connection', 'forbidden'],
  ['transfer-encoding', 'forbidden'],
  ['upgrade', 'forbidden'],
  ['te', 'te'],
  ['content-length', 'content-length'],
  ['host', 'host'],
] as const);

function classify(name: string): FieldKind {
  return isPseudo(name) ? 'pseudo' : (KINDS.get(name) ?? 'plain');
}

/** For lists that a decoder found well-formed. */
export const RECEIVED: FieldClassifier = { classify };

interface KnownName {
  readonly kind: FieldKind;
  /** The last value that was one. */
  value: string | undefined;
}

// More names than ordinary traffic has. Past it the cache begins anew: whoever invents names makes others pay once.
const MAX_NAMES = 128;
const MAX_NAME_CHARS = 64;
const MAX_VALUE_CHARS = 1_024;

/**
 * For lists that leave. Names repeat endlessly, so each is judged once, and its value only when it is another one than
 * before: that costs a comparison where the expression costs thirty, for a long value two hundred nanoseconds.
 */
export class FieldCache implements FieldClassifier {
  readonly #secrets: ReadonlySet<string>;
  // Most links are idle, and need none.
  #known: Map<string, KnownName> | undefined;

  /** Values of `secrets` are not kept, and compared with nobody else's. */
  constructor(secrets: ReadonlySet<string>) {
    this.#secrets = secrets;
  }

  /** How many names are kept. */
  get size(): number {
    return this.#known === undefined ? 0 : this.#known.size;
  }

  classify(name: string, value: string | undefined): FieldKind {
    const known = this.#known?.get(name) ?? this.#addName(name);
    if (value === undefined || (known.value !== value && !this.#addValue(name, value, known))) {
      throw new MalformedFields(`the value of ${shortened(name)}`);
    }
    return known.kind;
  }

  #addName(name: string): KnownName {
    if (!isName(name)) throw new MalformedFields(`the field ${shortened(name)}`);
    const known: KnownName = { kind: classify(name), value: undefined };
    if (name.length > MAX_NAME_CHARS) return known;
    this.#known ??= new Map();
    if (this.#known.size >= MAX_NAMES) this.#known.clear();
    this.#known.set(name, known);
    return known;
  }

  #addValue(name: string, value: string, known: KnownName): boolean {
    if (!isValue(name, value)) return false;
    if (value.length <= MAX_VALUE_CHARS && !this.#secrets.has(name)) known.value = value;
    return true;
  }
}

export function shortened(name: string): string {
  return name.slice(0, MAX_NAME_CHARS);
}
