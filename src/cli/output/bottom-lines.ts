/**
 * The last lines of a terminal: the keys there are, a line that is typed, a list to choose from, a question. Texts come from
 * outside: they are made printable and cut to the width.
 */
import { printable } from '../../config/text.js';
import { truncateTo, wrapTo } from './fit.js';
import type { LineEditor } from './line-editor.js';
import { MARGIN } from './people-lines.js';
import type { Styler } from './request-line.js';

export interface BottomLines {
  readonly lines: readonly string[];
  /** How many columns the cursor is left of the end of the last line. */
  readonly back?: number;
}

/** Lines for a terminal of some width. */
export type Bottom = (columns: number, style: Styler) => BottomLines;

const INDENT = '         ';

/** How many entries of a list are shown at once. */
const MAX_ENTRIES = 9;

/** The keys while nothing is asked. `askers`: how many ask to be let in; `first`: whom the keys answer, where that is not plain. */
export function keysBottom(askers: number, first?: string): Bottom {
  if (askers === 0) return dimmedLines([['keys     ', 'a let somebody in · r take access back · ? all keys']]);
  const more = askers === 1 ? '' : `  (and ${askers - 1} more)`;
  const whom = first === undefined ? '' : `${printable(first)}: `;
  return (columns) => ({
    lines: wrapped(INDENT, `${whom}y let in · 8 for eight hours · n no · ? all keys${more}`, columns),
  });
}

/** A line that a person types, with what it may be. */
export function promptBottom(label: string, editor: LineEditor, help: string): Bottom {
  return (columns, style) => {
    const name = truncateTo(label.padEnd(INDENT.length), Math.floor(columns / 2));
    const { text, back } = editor.fitted(Math.max(1, columns - MARGIN - name.length));
    const above = style('dim', cut(`${INDENT}${help}`, columns));
    return { lines: [above, `${style('bold', name)}${text}`], back };
  };
}

/** Entries to choose from: those around the selected one, with a number each. */
export function listBottom(label: string, entries: readonly string[], selected: number): Bottom {
  return (columns, style) => {
    const first = firstShown(entries.length, selected);
    const lines = entries.slice(first, first + MAX_ENTRIES).map((entry, at) => {
      const isSelected = first + at === selected;
      const line = cut(
        `${at === 0 ? label.padEnd(7) : '       '}${isSelected ? '>' : ' '} ${at + 1} ${printable(entry)}`,
        columns,
      );
      return isSelected ? style('bold', line) : line;
    });
    const more = entries.length > MAX_ENTRIES ? ` · ${entries.length} in all` : '';
    return {
      lines: [...lines, style('dim', cut(`${INDENT}↑ ↓ and Enter, or a number · Esc leaves it${more}`, columns))],
    };
  };
}

/** Which entry is the first of those that are shown. */
export function firstShown(entries: number, selected: number): number {
  return Math.max(0, Math.min(selected - Math.floor(MAX_ENTRIES / 2), entries - MAX_ENTRIES));
}

/** A question with the keys that answer it. */
export function questionBottom(question: string, keys: string): Bottom {
  return (columns, style) => ({
    lines: [style('bold', cut(printable(question), columns)), cut(`${INDENT}${keys}`, columns)],
  });
}

/** One line that is less important. */
export function dimmed(text: string): Bottom {
  return (columns, style) => ({ lines: [style('dim', cut(text, columns))] });
}

/** Several such lines, each with what it begins with; broken between words where the terminal is narrower. */
export function dimmedLines(texts: readonly (readonly [first: string, text: string])[]): Bottom {
  return (columns, style) => ({
    lines: texts.flatMap(([first, text]) => wrapped(first, text, columns)).map((line) => style('dim', line)),
  });
}

function cut(text: string, columns: number): string {
  return truncateTo(text, columns - MARGIN);
}

// Each is cut where even a word is longer: the lines at the bottom take a row each.
function wrapped(first: string, text: string, columns: number): string[] {
  return wrapTo(first, text, columns - MARGIN).map((line) => cut(line, columns));
}
