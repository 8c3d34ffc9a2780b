/** Text fitted to the columns of a terminal: an East Asian character or an emoji takes two, a combining mark none. */
import { createRequire } from 'node:module';

const ASCII = /^[\x20-\x7e]*$/;
const CUT = '…';
// What `styleText` adds (SGR).
const STYLE = /\x1b\[[\d;]*m/g;

/** The text in at most `columns` columns, cut with `…`. It must be printable already. */
export function truncateTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  if (ASCII.test(text)) return `${text.slice(0, columns - 1)}${CUT}`;
  let cut = '';
  let width = 1; // of the mark
  for (const character of graphemes(text.slice(0, 8 * columns))) {
    width += widthOf(character);
    if (width > columns) break;
    cut += character;
  }
  return `${cut}${CUT}`;
}

/** The end of the text in at most `columns` columns, cut with `…`. It must be printable already. */
export function tailTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  let tail = '';
  let width = 1; // of the mark
  for (const character of graphemes(text.slice(-8 * columns)).reverse()) {
    width += widthOf(character);
    if (width > columns) break;
    tail = character + tail;
  }
  return `${CUT}${tail}`;
}

/**
 * A sentence in lines of at most `columns` columns, broken between words; a longer word has a line of its own. `first` begins the
 * first line, as many columns of spaces the others. Without `columns` it is one line.
 */
export function wrapTo(first: string, text: string, columns: number | undefined): string[] {
  if (columns === undefined) return [first + text];
  const indent = ' '.repeat(shownWidth(first));
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    const longer = line === undefined ? word : `${line} ${word}`;
    if (line !== undefined && indent.length + widthOf(longer) > columns) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line ?? ''].map((part, at) => (at === 0 ? first : indent) + part);
}

/** What a reader takes for the characters of a text. */
export function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

/** The columns of a text that may have colours. */
export function shownWidth(text: string): number {
  return widthOf(text.replace(STYLE, ''));
}

/** The text in exactly `columns` columns: cut, or padded with spaces. */
export function fitTo(text: string, columns: number): string {
  const cut = truncateTo(text, columns);
  return cut + ' '.repeat(Math.max(0, columns - widthOf(cut)));
}

/** The columns of a printable text. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

// Loaded with the first text that needs it: its tables are a tenth of the memory of an agent and of its time to start.
function stringWidth(text: string): number {
  loaded ??= createRequire(import.meta.url)('string-width') as typeof import('string-width');
  return loaded.default(text);
}

let loaded: typeof import('string-width') | undefined;
