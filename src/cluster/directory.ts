/**
 * Which node has the agent of each tunnel, behind one contract: the directory of all nodes. A node opens one, claims the names
 * that its agents serve, and follows those of the others. The suite in `test/contract/directory.ts` runs for every
 * implementation. What it says may be old: only the node that has a link knows, and `epoch` shows it an outdated question.
 */

/** The longest offer that every directory takes, written as the text of a JSON string. */
export const MAX_OFFER_CHARS = 49_152;

export function isOfferTaken(offer: string): boolean {
  return JSON.stringify(offer).length <= MAX_OFFER_CHARS;
}

/** One edge process, from its start to its end: a restarted one is another node. */
export interface ClusterNode {
  /** Random for each start. */
  readonly id: string;
  /** Where other nodes reach it, as `unix:/run/postern/peer-1.sock` or `https://10.0.0.7:7443`. */
  readonly peer: string;
  /** One that drains takes no agents. It serves those that it has until they are elsewhere. */
  readonly state: 'up' | 'draining';
  /** A shorter route for nodes on the same machine: workers of one supervisor. */
  readonly nearby?: {
    /** Random for each start of the supervisor. */
    readonly machine: string;
    /** As `unix:/tmp/postern/1.sock`. */
    readonly peer: string;
  };
}

/** A link of a tunnel's agent: at which node, and which one of it. */
export interface Place {
  readonly node: string;
  /** Random for each link. */
  readonly link: string;
  /** Of the links that the agent holds: from 1 on. A new link replaces the one of its slot. */
  readonly slot: number;
}

/** What a tunnel is, to all nodes. */
export interface TunnelRecord {
  readonly name: string;
  /**
   * Another one for each change of owner, agent or offer, and always a later one, also for a name that was forgotten. It travels
   * with each request to another node, which responds only for a link of this epoch.
   */
  readonly epoch: number;
  /** By canonical email. */
  readonly owner: string;
  readonly agentId: string;
  /** Policy and terms, as text that the directory does not read. */
  readonly offer: string;
  /** Empty while no agent is connected: visitors whom the policy allows learn that it is offline. */
  readonly places: readonly Place[];
}

/** What a node claims for a link of its own. */
export type Claim = Pick<TunnelRecord, 'name' | 'owner' | 'agentId' | 'offer'> & Omit<Place, 'node'>;

export type Claimed =
  | { readonly kind: 'claimed'; readonly record: TunnelRecord }
  /**
   * Another agent, or another owner, has a link, or the same one has offered something else with its first: nothing has changed. The
   * node of another agent may find its link dead.
   */
  | { readonly kind: 'held'; readonly record: TunnelRecord };

/** What a watcher learns. */
export type DirectoryChange =
  /** All tunnels: the first change, and again after a gap. Replaces what was known. */
  | { readonly kind: 'all'; readonly records: readonly TunnelRecord[] }
  | { readonly kind: 'tunnel'; readonly record: TunnelRecord }
  /** The record of a tunnel that was offline for long is no more. */
  | { readonly kind: 'forgotten'; readonly name: string };

export interface DirectoryWatch {
  /** Resolves after the listener was called with all tunnels. */
  readonly ready: Promise<void>;
  close(): void;
}

/**
 * The directory as one node sees it. Every promise rejects with `ERR_STORE_UNAVAILABLE` when the directory cannot be reached; a
 * change may then have happened or not. Places of a node whose lease is over are left out of every record.
 */
export interface Directory {
  /** This node. */
  readonly self: ClusterNode;
  /** The live nodes by id, this one among them: this node's own copy, which follows within seconds. */
  nodes(): ReadonlyMap<string, ClusterNode>;
  /** Tells the others that this node drains. */
  drain(): Promise<void>;
  /** The record as it is now, not a copy of it. */
  find(name: string): Promise<TunnelRecord | undefined>;
  /**
   * Claims a name for a link of this node, in one atomic step. It is free when it has no place, and the agent that has it (the same
   * owner and agent id) may add or replace places. The agent's other places stay if its offer is the same: the epoch is, too. Another
   * offer is taken from its first link (slot 1) only.
   * Resolves once this node's watchers know.
   */
  claim(claim: Claim): Promise<Claimed>;
  /**
   * Takes back the place of a link of this node. Resolves to the record without it: of all nodes exactly one sees that no place is
   * left. Undefined, and nothing happens, if the link has no place any more.
   */
  release(name: string, link: string): Promise<TunnelRecord | undefined>;
  /** Calls the listener with all tunnels, then with each change; of one tunnel in the order in which they happened. */
  watch(listener: (change: DirectoryChange) => void): DirectoryWatch;
  /** Leaves: this node's places are no more. Nothing is called after it. */
  close(): Promise<void>;
}
