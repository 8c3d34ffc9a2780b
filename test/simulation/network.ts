/** Which nodes cannot reach each other. */
import type { VirtualNode } from './virtual-node.js';

export class Network {
  readonly #cuts = new Set<string>();

  cut(one: VirtualNode, other: VirtualNode): void {
    this.#cuts.add(pairOf(one, other));
  }

  heal(one: VirtualNode, other: VirtualNode): void {
    this.#cuts.delete(pairOf(one, other));
  }

  isCut(one: VirtualNode, other: VirtualNode): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(pairOf(one, other));
  }
}

function pairOf({ id: one }: VirtualNode, { id: other }: VirtualNode): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}
