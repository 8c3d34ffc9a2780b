/** A difference without the long stretches in which nothing differs. */
import type { LineChange } from './lines.js';

export interface ShownLine {
  readonly kind: LineChange['kind'] | 'skipped';
  readonly text: string;
}

const CONTEXT = 3;
export const MAX_LINES = 2_000;

/** `CONTEXT` equal lines are left around each change; at most `MAX_LINES` lines in all, each cut where it is very long. */
export function shortened(changes: readonly LineChange[]): ShownLine[] {
  const near = new Set<number>();
  for (const [at, { kind }] of changes.entries())
    if (kind !== 'same') for (let by = -CONTEXT; by <= CONTEXT; by += 1) near.add(at + by);
  const shown: ShownLine[] = [];
  let skipped = 0;
  for (const [at, change] of changes.entries()) {
    if (!near.has(at)) {
      skipped += 1;
      continue;
    }
    if (skipped > 0) shown.push(gap(skipped));
    skipped = 0;
    if (shown.length >= MAX_LINES) return [...shown, { kind: 'skipped', text: 'more differences are not shown' }];
    shown.push({ kind: change.kind, text: cut(change.text) });
  }
  return skipped > 0 ? [...shown, gap(skipped)] : shown;
}

function gap(count: number): ShownLine {
  return { kind: 'skipped', text: count === 1 ? '1 equal line' : `${count} equal lines` };
}

function cut(text: string): string {
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text;
}
