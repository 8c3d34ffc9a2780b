/** Which nodes do not know what is so, and how long it takes until all know it that can. */
import type { VirtualClock } from './clock.js';
import type { Counts } from './counts.js';
import type { TunnelTruth } from './tunnel-truth.js';
import type { VirtualNode } from './virtual-node.js';

/** How long a disturbance explains what nodes do not know. */
const EXPLAINED_MS = 30_000;
/** What takes longer is noted. */
const NOTED_MS = 10_000;

export interface KnowledgeOptions {
  readonly clock: VirtualClock;
  readonly counts: Counts;
  readonly tunnels: ReadonlyMap<string, TunnelTruth>;
}

export class Knowledge {
  readonly #options: KnowledgeOptions;
  /** What each node that serves shows in another way than it is: so that what is so is never compared as a whole. */
  readonly #outdated = new Map<VirtualNode, Set<TunnelTruth>>();
  /** Those that must know what happens. */
  readonly #informed = new Set<VirtualNode>();
  #disturbance = { kind: '', atMs: Number.NEGATIVE_INFINITY };

  constructor(options: KnowledgeOptions) {
    this.#options = options;
  }

  /** Something has happened that changes no link by itself. */
  disturbed(kind: string): void {
    this.#disturbance = { kind, atMs: this.#options.clock.now };
  }

  /** A node serves, from now on or no more. */
  join(node: VirtualNode): void {
    this.#outdated.set(node, new Set());
    for (const tunnel of this.#options.tunnels.values()) this.#judge(tunnel, node);
  }

  leave(node: VirtualNode): void {
    for (const tunnel of this.#outdated.get(node) ?? []) tunnel.outdated?.delete(node);
    this.#outdated.delete(node);
  }

  /** From now on a node must know what happens. */
  count(node: VirtualNode): void {
    if (!node.isInformed || this.#informed.has(node)) return;
    this.#informed.add(node);
    this.#settleOf(node);
  }

  /** It cannot know what happens, nor can others know what is so of its links. */
  uncount(node: VirtualNode): void {
    if (this.#informed.delete(node)) this.#settleOf(node);
  }

  /** The links of a tunnel are others than before. */
  changed(tunnel: TunnelTruth, cause: string): void {
    tunnel.wave ??= { startMs: this.#options.clock.now, cause };
    this.#judgeAll(tunnel);
    this.settle(tunnel);
  }

  /** A node shows a tunnel in another way than before. */
  shown(node: VirtualNode, tunnel: TunnelTruth): void {
    // A link that was claimed again has another epoch: what the others know of it is outdated.
    if (tunnel.hasLinkAt(node)) this.#judgeAll(tunnel);
    else this.#judge(tunnel, node);
    this.settle(tunnel);
  }

  /** The nodes that do not know a tunnel as it is, and could. */
  wrong(tunnel: TunnelTruth): VirtualNode[] {
    return [...(tunnel.outdated ?? [])].filter((node) => this.#canKnow(tunnel, node));
  }

  /** Whether all know it now. */
  settle(tunnel: TunnelTruth): void {
    const { clock, counts } = this.#options;
    const isKnown = this.#isKnown(tunnel);
    const { wave } = tunnel;
    if (isKnown && wave !== undefined) {
      const ms = clock.now - wave.startMs;
      counts.converged(wave.cause, ms);
      if (ms >= NOTED_MS) counts.note(`${tunnel.name} known everywhere ${ms} ms after: ${wave.cause}`);
      tunnel.wave = undefined;
    } else if (!isKnown && wave === undefined && tunnel.coming === 0) {
      const { kind, atMs } = this.#disturbance;
      const isExplained = clock.now - atMs < EXPLAINED_MS;
      tunnel.wave = isExplained ? { startMs: atMs, cause: kind } : { startMs: clock.now, cause: 'of itself' };
    }
  }

  #isKnown(tunnel: TunnelTruth): boolean {
    if (tunnel.outdated === undefined) return true;
    for (const node of tunnel.outdated) if (this.#canKnow(tunnel, node)) return false;
    return true;
  }

  #canKnow({ links }: TunnelTruth, node: VirtualNode): boolean {
    return this.#informed.has(node) && links.every((link) => this.#informed.has(link.node));
  }

  /** What it does not know, and what others may not know of its links. */
  #settleOf(node: VirtualNode): void {
    for (const tunnel of this.#outdated.get(node) ?? []) this.settle(tunnel);
    for (const { agent } of node.links) this.settle(this.#options.tunnels.get(agent.settings.name) as TunnelTruth);
  }

  #judgeAll(tunnel: TunnelTruth): void {
    for (const node of this.#outdated.keys()) this.#judge(tunnel, node);
  }

  #judge(tunnel: TunnelTruth, node: VirtualNode): void {
    const of = this.#outdated.get(node);
    if (of === undefined) return; // it has ended, or does not serve yet
    if (!tunnel.isKnownAt(node)) {
      tunnel.outdated ??= new Set();
      tunnel.outdated.add(node);
      of.add(tunnel);
    } else if (tunnel.outdated?.delete(node)) {
      of.delete(tunnel);
      if (tunnel.outdated.size === 0) tunnel.outdated = undefined;
    }
  }
}
