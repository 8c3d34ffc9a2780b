/**
 * The exchanges that the page holds, newest first: pure, a new list for each batch of changes. What the server drops for lack of
 * room goes here by the same measure, pins last.
 */
import type { Exchange } from '../../wire.js';

export type Rows = readonly Exchange[];

// Some hundred bytes each; the server keeps fewer, unless bodies are tiny.
export const MAX_ROWS = 5_000;

/** With these put in, or in the place of their former states. */
export function merge(rows: Rows, changed: readonly Exchange[], mostRows = MAX_ROWS): Rows {
  if (changed.length === 0) return rows;
  const latest = new Map(changed.map((exchange) => [exchange.id, exchange]));
  const kept = rows.map((row) => {
    const update = latest.get(row.id);
    latest.delete(row.id);
    return update ?? row;
  });
  const fresh = [...latest.values()].sort((a, b) => b.seq - a.seq);
  return bounded(inOrder(fresh, kept), mostRows);
}

/** Without those that a new filter or a changed state no longer passes. */
export function retain(rows: Rows, passes: (exchange: Exchange) => boolean): Rows {
  return rows.every(passes) ? rows : rows.filter(passes);
}

/** After all were cleared: only these are left. */
export function clearedTo(rows: Rows, kept: readonly string[]): Rows {
  const ids = new Set(kept);
  return rows.filter(({ id }) => ids.has(id));
}

/** Where a row is, or -1. */
export function indexOf(rows: Rows, id: string | null): number {
  return id === null ? -1 : rows.findIndex((row) => row.id === id);
}

/** The row that lies `step` rows from another; from none, the first. */
export function neighbour(rows: Rows, id: string | null, step: number): Exchange | undefined {
  const at = indexOf(rows, id);
  if (at < 0) return rows[0];
  return rows[Math.max(0, Math.min(rows.length - 1, at + step))];
}

// Two lists in descending order into one.
function inOrder(a: Rows, b: Rows): Rows {
  if (a.length === 0) return b;
  const last = a.at(-1) as Exchange;
  if (b.length === 0 || last.seq > (b[0] as Exchange).seq) return [...a, ...b];
  return [...a, ...b].sort((one, other) => other.seq - one.seq);
}

function bounded(rows: Rows, most: number): Rows {
  if (rows.length <= most) return rows;
  return [...rows.slice(0, most), ...rows.slice(most).filter(({ pinned }) => pinned)];
}
