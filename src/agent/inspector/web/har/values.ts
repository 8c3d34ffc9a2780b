/** Values out of a file that a stranger may have written: each is what it should be, or the fallback. */

export type Fields = Readonly<Record<string, unknown>>;

// Longer than any header or URL that a server takes.
export const MAX_TEXT = 65_536;

const NO_FIELDS: Fields = {};

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : NO_FIELDS;
}

/** At most `most` elements. */
export function elementsOf(value: unknown, most: number): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, most) : [];
}

export function textOf(value: unknown, most = MAX_TEXT): string {
  return typeof value === 'string' ? value.slice(0, most) : '';
}

export function textOrNull(value: unknown, most = MAX_TEXT): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, most) : null;
}

/** A finite number that is not negative (HAR says -1 for "not known"), or null. */
export function amountOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

/** Milliseconds of the epoch, 0 when it is no time. */
export function timeOf(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) ? ms : 0;
}
