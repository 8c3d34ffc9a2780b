/** The difference of two texts, line by line, as people know it: what stays, what goes (`-`) and what comes (`+`). */

const CONTEXT_LINES = 3;

/** The changed lines with a few around them; empty when nothing changes. */
export function lineDiff(before: string, after: string): readonly string[] {
  const [from, to] = [linesOf(before), linesOf(after)];
  const marked = mark(from, to);
  const isNear = (at: number) =>
    marked.slice(Math.max(0, at - CONTEXT_LINES), at + CONTEXT_LINES + 1).some((line) => !line.startsWith(' '));
  return marked.filter((_, at) => isNear(at));
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

// By the longest common subsequence; files of this kind have some hundred lines.
function mark(from: readonly string[], to: readonly string[]): string[] {
  const lengths = Array.from({ length: from.length + 1 }, () => new Array<number>(to.length + 1).fill(0));
  const at = (row: number, column: number) => lengths[row]?.[column] ?? 0;
  for (let row = from.length - 1; row >= 0; row--)
    for (let column = to.length - 1; column >= 0; column--)
      (lengths[row] as number[])[column] =
        from[row] === to[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
  const marked: string[] = [];
  for (let [row, column] = [0, 0]; row < from.length || column < to.length; ) {
    if (row < from.length && column < to.length && from[row] === to[column]) {
      marked.push(`  ${from[row]}`);
      row += 1;
      column += 1;
    } else if (column === to.length || (row < from.length && at(row + 1, column) >= at(row, column + 1))) {
      marked.push(`- ${from[row]}`);
      row += 1;
    } else {
      marked.push(`+ ${to[column]}`);
      column += 1;
    }
  }
  return marked;
}
