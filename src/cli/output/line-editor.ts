/** One line that a person types: its text, the cursor, the keys that edit, and the part of it that fits. */
import type { Key } from '../process/key-decoder.js';
import { graphemes, tailTo, truncateTo, widthOf } from './fit.js';

type Halves = readonly [before: string, after: string];

// Longer than any rule with a duration.
const MAX_CHARS = 1_024;

// As `printable` of config/text.ts: nothing that could move the cursor or turn the text around.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

export class LineEditor {
  /** What is before the cursor, and what is behind it. */
  #halves: Halves = ['', ''];

  get text(): string {
    return this.#halves.join('');
  }

  /** Applies a key that edits or types. Of a paste the first line counts: Enter is a key, never a character. */
  press({ name, text }: Key): void {
    const edit = EDITS[name];
    this.#halves = edit === undefined ? this.#insert(text) : edit(...this.#halves);
  }

  /** The part around the cursor in at most `columns` columns, and how many of them are behind the cursor. */
  fitted(columns: number): { readonly text: string; readonly back: number } {
    const [before, after] = this.#halves;
    const forAfter = Math.min(widthOf(after), Math.floor(columns / 3));
    const left = tailTo(before, columns - Math.max(1, forAfter)); // the cursor takes one
    const right = truncateTo(after, columns - widthOf(left));
    return { text: left + right, back: widthOf(right) };
  }

  #insert(text: string): Halves {
    const [before, after] = this.#halves;
    const [line = ''] = text.replace(/^[\r\n]+/, '').split(/[\r\n]/, 1);
    const room = MAX_CHARS - before.length - after.length;
    return [before + line.replaceAll('\t', ' ').replace(UNPRINTABLE, '').slice(0, room), after];
  }
}

const backspace = (before: string, after: string): Halves => [graphemes(before).slice(0, -1).join(''), after];
const left = (before: string, after: string): Halves => {
  const last = graphemes(before).at(-1) ?? '';
  return [before.slice(0, before.length - last.length), last + after];
};
const right = (before: string, after: string): Halves => {
  const [first = ''] = graphemes(after);
  return [before + first, after.slice(first.length)];
};
const home = (before: string, after: string): Halves => ['', before + after];
const end = (before: string, after: string): Halves => [before + after, ''];

/** The keys of a shell's line. */
const EDITS: Readonly<Partial<Record<string, (before: string, after: string) => Halves>>> = {
  backspace,
  'ctrl-h': backspace,
  delete: (before, after) => [before, graphemes(after).slice(1).join('')],
  left,
  'ctrl-b': left,
  right,
  'ctrl-f': right,
  home,
  'ctrl-a': home,
  end,
  'ctrl-e': end,
  'ctrl-u': (_before, after) => ['', after],
  'ctrl-k': (before) => [before, ''],
  'ctrl-w': (before, after) => [before.replace(/\S*\s*$/, ''), after],
};
