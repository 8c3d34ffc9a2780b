/** The other nodes of an edge, by way of the links between them. */
import type { Others } from './others.js';
import type { PeerMethods } from './peer-calls.js';
import type { PeerCall } from './relay-protocol.js';

/** How the others are reached, once this node has opened. */
export interface Reach {
  /** The ids of the live nodes but this one. */
  readonly nodes: () => readonly string[];
  /** Rejects for a node that does not respond in time. */
  readonly call: (node: string, call: PeerCall, args: readonly unknown[]) => Promise<unknown>;
}

export class PeerOthers implements Others {
  readonly #methods = new Map<string, (...args: never[]) => unknown>();
  #reach: Reach | undefined;

  /** What this node responds to. */
  get methods(): PeerMethods {
    return this.#methods;
  }

  connect(reach: Reach): void {
    this.#reach = reach;
  }

  on(method: string, respond: (...args: never[]) => unknown): void {
    this.#methods.set(method, respond);
  }

  async ask<Result>(method: string, ...args: readonly unknown[]): Promise<Result[]> {
    const results = await Promise.all(this.#callAll({ kind: 'ask', method }, args));
    return results.filter(Array.isArray) as Result[]; // every method responds with a list
  }

  tell(method: string, ...args: readonly unknown[]): void {
    void Promise.all(this.#callAll({ kind: 'tell', method }, args));
  }

  /** One that does not respond in time responds with undefined. */
  #callAll(call: PeerCall, args: readonly unknown[]): Promise<unknown>[] {
    const reach = this.#reach;
    if (reach === undefined) return []; // this node has not opened yet
    return reach.nodes().map((node) => reach.call(node, call, args).catch(() => undefined));
  }
}
