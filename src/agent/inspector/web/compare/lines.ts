/** What changed between two texts, line by line: the shortest script of Myers ("An O(ND) Difference Algorithm", 1986), bounded. */

export interface LineChange {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

// Beyond that many changes a person reads two texts, not a difference; and the trace grows with its square.
const MAX_CHANGES = 500;

export function compareLines(before: readonly string[], after: readonly string[]): LineChange[] {
  const start = sharedStart(before, after);
  const end = sharedEnd(before, after, start);
  const removed = before.slice(start, before.length - end);
  const added = after.slice(start, after.length - end);
  const middle = script(removed, added) ?? [...marked('removed', removed), ...marked('added', added)];
  return [...marked('same', before.slice(0, start)), ...middle, ...marked('same', before.slice(before.length - end))];
}

function marked(kind: LineChange['kind'], lines: readonly string[]): LineChange[] {
  return lines.map((text) => ({ kind, text }));
}

function sharedStart(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count += 1;
  return count;
}

function sharedEnd(a: readonly string[], b: readonly string[], start: number): number {
  const most = Math.min(a.length, b.length) - start;
  let count = 0;
  while (count < most && a[a.length - 1 - count] === b[b.length - 1 - count]) count += 1;
  return count;
}

function script(a: readonly string[], b: readonly string[]): LineChange[] | undefined {
  const trace = furthestReaches(a, b);
  return trace === undefined ? undefined : backtrack(a, b, trace);
}

// For each number of changes, how far each diagonal reaches; undefined when there are too many.
function furthestReaches(a: readonly string[], b: readonly string[]): Map<number, number>[] | undefined {
  const trace: Map<number, number>[] = [];
  let reach = new Map([[1, 0]]);
  for (let changes = 0; changes <= Math.min(a.length + b.length, MAX_CHANGES); changes += 1) {
    const next = new Map<number, number>();
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      let x = stepsDown(reach, diagonal, changes) ? valueAt(reach, diagonal + 1) : valueAt(reach, diagonal - 1) + 1;
      while (x < a.length && x - diagonal < b.length && x - diagonal >= 0 && a[x] === b[x - diagonal]) x += 1;
      next.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return [...trace, reach];
    }
    trace.push(reach);
    reach = next;
  }
  return undefined;
}

function stepsDown(reach: ReadonlyMap<number, number>, diagonal: number, changes: number): boolean {
  if (diagonal === -changes) return true;
  return diagonal !== changes && valueAt(reach, diagonal - 1) < valueAt(reach, diagonal + 1);
}

function valueAt(reach: ReadonlyMap<number, number>, diagonal: number): number {
  return reach.get(diagonal) ?? 0;
}

function backtrack(a: readonly string[], b: readonly string[], trace: readonly Map<number, number>[]): LineChange[] {
  const changes: LineChange[] = [];
  let x = a.length;
  let y = b.length;
  for (let depth = trace.length - 1; depth >= 0; depth -= 1) {
    const reach = trace[depth] as Map<number, number>;
    const isDown = stepsDown(reach, x - y, depth);
    const fromDiagonal = isDown ? x - y + 1 : x - y - 1;
    const fromX = depth === 0 ? 0 : valueAt(reach, fromDiagonal);
    const fromY = depth === 0 ? 0 : fromX - fromDiagonal;
    while (x > Math.max(fromX, 0) && y > Math.max(fromY, 0)) {
      changes.push({ kind: 'same', text: a[x - 1] as string });
      x -= 1;
      y -= 1;
    }
    if (depth === 0) break;
    changes.push(isDown ? { kind: 'added', text: b[y - 1] as string } : { kind: 'removed', text: a[x - 1] as string });
    x = fromX;
    y = fromY;
  }
  return changes.reverse();
}
