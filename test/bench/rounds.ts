/** The order in which systems take turns. */

/** Another first in each round, and every second round backwards: none always runs after the same neighbour. */
export function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % list.length;
  const order = [...list.slice(at), ...list.slice(0, at)];
  return by % 2 === 0 ? order : order.reverse();
}
