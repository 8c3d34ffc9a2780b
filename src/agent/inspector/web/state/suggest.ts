/** What may follow in the filter: keys, then values that occur in the list. */
import { FILTER_KEYS } from '../../filter.js';
import type { Exchange } from '../../wire.js';

export interface Suggestion {
  /** The whole filter with the suggestion put in. */
  readonly text: string;
  /** The part that is new, for the eye. */
  readonly shown: string;
  readonly hint: string;
}

const MOST = 8;
const STATES = ['websocket', 'events', 'replay', 'pinned', 'failed', 'open'];

const VALUES: ReadonlyMap<string, (exchange: Exchange) => string | null> = new Map([
  ['status', ({ status }: Exchange) => (status === null ? null : String(status))],
  ['method', ({ method }) => method],
  ['path', ({ path }) => path.split('?')[0] ?? null],
  ['person', ({ person }) => person],
  ['rule', ({ rule }) => rule],
  ['tunnel', ({ tunnel }) => tunnel],
  ['type', ({ type }) => type],
]);

const FIXED: ReadonlyMap<string, readonly string[]> = new Map([
  ['status', ['2xx', '3xx', '4xx', '5xx']],
  ['is', STATES],
  ['larger-than', ['1k', '100k', '1M']],
  ['slower-than', ['200ms', '1s']],
]);

/** For the last term of a filter. */
export function suggestions(text: string, exchanges: readonly Exchange[]): Suggestion[] {
  const term = /(?:^|\s)(-?)([^\s"]*)$/.exec(text);
  if (term === null) return [];
  const [, minus = '', word = ''] = term;
  const before = text.slice(0, text.length - word.length - minus.length);
  const colon = word.indexOf(':');
  const put = (whole: string, hint: string) => ({ text: `${before}${minus}${whole}`, shown: minus + whole, hint });
  if (colon < 0) {
    const typed = word.toLowerCase();
    return FILTER_KEYS.filter(({ key }) => key.startsWith(typed)).map(({ key, expected }) => put(`${key}:`, expected));
  }
  const key = word.slice(0, colon).toLowerCase();
  const typed = word.slice(colon + 1).toLowerCase();
  return valuesOf(key, exchanges)
    .filter(([value]) => value.toLowerCase().includes(typed) && value.toLowerCase() !== typed)
    .slice(0, MOST)
    .map(([value, hint]) => put(`${key}:${quoted(value)}`, hint));
}

// Fixed values, then those that occur, most often first.
function valuesOf(key: string, exchanges: readonly Exchange[]): (readonly [value: string, hint: string])[] {
  const counts = new Map<string, number>();
  const read = VALUES.get(key);
  for (const exchange of read === undefined ? [] : exchanges.slice(0, 1_000)) {
    const value = read?.(exchange);
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const occurring = [...counts].sort(([, a], [, b]) => b - a);
  return [
    ...(FIXED.get(key) ?? []).map((value) => [value, ''] as const),
    ...occurring.map(([value, count]) => [value, `${count}×`] as const),
  ];
}

function quoted(value: string): string {
  return /[\s",]/.test(value) ? `"${value.replace(/[\\"]/g, '\\$&')}"` : value;
}
