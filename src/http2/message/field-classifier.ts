/**
 * Classifies and validates the fields of a list one by one, each octet once. Received fields were validated when they were
 * decoded (`hpack/decoder.ts`). For fields that are sent there is a cache for each connection, so that no peer can fill it
 * for others, or learn by timing what others sent.
 */
import { isName, isPseudo, isValue } from './field-syntax.js';

/** A malformed message (RFC 9113 section 8.1.1); `message` is the reason, for a log. */
export class MalformedFields extends Error {
  override readonly name = 'MalformedFields';
}

/** The kinds of fields that a message has rules for, beyond syntax. `untrailable` ones are plain, but not in trailers. */
export type FieldKind = 'plain' | 'untrailable' | 'pseudo' | 'forbidden' | 'te' | 'content-length' | 'host';

export interface FieldClassifier {
  /** The kind of a field. Throws `MalformedFields` if its name or value is malformed. */
  classify(name: string, value: string | undefined): FieldKind;
}

// Section 8.2.2. The only permitted value of `te` is `trailers`.
const KINDS: ReadonlyMap<string, FieldKind> = new Map([
  ['connection', 'forbidden'],
  ['keep-alive', 'forbidden'],
  ['proxy-connection', 'forbidden'],
  ['transfer-encoding', 'forbidden'],
  ['upgrade', 'forbidden'],
  ['te', 'te'],
  ['content-length', 'content-length'],
  ['host', 'host'],
  // For routing, authentication, controls of a request, and the format of the content (RFC 9110 section 6.5.1).
  ['authorization', 'untrailable'],
  ['cache-control', 'untrailable'],
  ['content-encoding', 'untrailable'],
  ['content-range', 'untrailable'],
  ['content-type', 'untrailable'],
  ['cookie', 'untrailable'],
  ['expect', 'untrailable'],
  ['max-forwards', 'untrailable'],
  ['proxy-authorization', 'untrailable'],
  ['range', 'untrailable'],
  ['set-cookie', 'untrailable'],
  ['trailer', 'untrailable'],
] as const);

function classify(name: string): FieldKind {
  return isPseudo(name) ? 'pseudo' : (KINDS.get(name) ?? 'plain');
}

/** For lists that a decoder has validated. */
export const RECEIVED: FieldClassifier = { classify };

interface KnownName {
  readonly kind: FieldKind;
  /** The last valid value. */
  value: string | undefined;
}

// More names than ordinary traffic has. A full cache is cleared, so a client that invents names costs the others one
// validation each.
const MAX_NAMES = 128;
const MAX_NAME_CHARS = 64;
const MAX_VALUE_CHARS = 1_024;

/**
 * For lists that are sent. Each name is validated once, and its value only when it differs from the one before: a
 * comparison, where the regular expression takes 30 ns, or 200 for a long value. Not `core/memo`, because a name keeps its
 * last value too, and the engine imports nothing from outside.
 */
export class FieldCache implements FieldClassifier {
  readonly #secrets: ReadonlySet<string>;
  // Created when needed: most links are idle.
  #known: Map<string, KnownName> | undefined;

  /** Values of the fields in `secrets` are neither kept nor compared. */
  constructor(secrets: ReadonlySet<string>) {
    this.#secrets = secrets;
  }

  /** How many names are cached. */
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
