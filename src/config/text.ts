/**
 * Text from outside on its way to a terminal or a problem sentence: controls, terminal escapes, bidirectional marks
 * and invisible characters are escaped, so that the text can neither move the cursor nor pose as output of Postern.
 */

const MAX_QUOTED_CHARS = 80;

// Everything of the general category C (controls, format, surrogates, private, unassigned) and both Unicode separators.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text with every unprintable character as `\x1b` or `\u{202e}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) as number;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The text in quotation marks, printable and not too long, for a sentence. */
export function quoted(text: string): string {
  return `"${printable(text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text)}"`;
}

/** The candidate that a mistyped word most likely means, if any is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_QUOTED_CHARS) return undefined; // no name is that long, and the time is quadratic
  const maxEdits = Math.max(1, Math.floor(word.length / 3));
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = word.length >= 4 && candidate.includes(word) ? 1 : countEdits(word, candidate);
    if (edits <= maxEdits && (best === undefined || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate;
}

/** `; did you mean "x"?` or nothing, to end a sentence with. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? '' : `; did you mean "${candidate}"?`;
}

// Edits, with a swap of neighbours counted as one (optimal string alignment). Words are short: names of options.
function countEdits(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row++) {
    const next = [row];
    rows.push(next);
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const replaced = at(row - 1, column - 1) + (isSame ? 0 : 1);
      const swapped = isSwap ? at(row - 2, column - 2) + 1 : replaced;
      next.push(Math.min(replaced, swapped, at(row - 1, column) + 1, at(row, column - 1) + 1));
    }
  }
  return at(from.length, to.length);
}
