/**
 * What is so: which links each tunnel has, and for whom its epochs are. What must never be is found here; which nodes do not know
 * what is so, in `knowledge.ts`.
 */
import type { TunnelRecord } from '../../src/cluster/directory.js';
import { readTunnel, TUNNEL_PREFIX } from '../../src/cluster/store-records.js';
import type { Entry } from '../../src/store/store.js';
import { Knowledge } from './knowledge.js';
import { type ShownTunnel, TunnelTruth } from './tunnel-truth.js';
import type { VirtualLink } from './virtual-link.js';
import type { VirtualNode } from './virtual-node.js';
import type { World } from './world.js';

/** How long after a disturbance a name may be given away whose agent is there: claims were on their way, or are made again. */
const GIVEN_AFTER_NODE_MS = 5_000;
const GIVEN_AFTER_STORE_MS = 20_000;
/** How long a link may have been open before the store lost its writes, for that to explain it. */
const LOST_WRITES_MS = 30_000;
const KEPT_EPOCHS = 6;
/** How long two agents may have one name after such a disturbance. */
const MAX_CONTEST_MS = 20_000;

const POLICY = { rules: [], ceiling: undefined, publicPermitted: false };

export class Truth {
  readonly tunnels = new Map<string, TunnelTruth>();
  readonly knowledge: Knowledge;
  readonly #contested = new Set<TunnelTruth>();
  readonly #world: World;
  #storeLostAtMs = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
    const { clock, counts } = world;
    this.knowledge = new Knowledge({ clock, counts, tunnels: this.tunnels });
  }

  get #clock(): World['clock'] {
    return this.#world.clock;
  }

  get #counts(): World['counts'] {
    return this.#world.counts;
  }

  add(name: string): void {
    this.tunnels.set(name, new TunnelTruth(name));
  }

  of(name: string): TunnelTruth {
    return this.tunnels.get(name) as TunnelTruth;
  }

  /** Something has happened that changes no link by itself. `losesWrites`: what was granted may be granted again. */
  disturbed(kind: string, losesWrites = false): void {
    this.knowledge.disturbed(kind);
    if (losesWrites) this.#storeLostAtMs = this.#clock.now;
  }

  /** The record of an entry: read once, and not once for each node. */
  record(entry: Entry): TunnelRecord | undefined {
    const tunnel = this.of(entry.key.slice(TUNNEL_PREFIX.length));
    if (tunnel.entry !== entry) {
      tunnel.entry = entry;
      tunnel.record = readTunnel(entry);
    }
    return tunnel.record;
  }

  /** The tunnel of a record. An epoch is for one owner, one agent and one offer. */
  read(record: TunnelRecord): ShownTunnel {
    const { name, epoch, owner, agentId, offer, places } = record;
    const tunnel = this.of(name);
    if (tunnel.shown?.places === places && tunnel.shown.epoch === epoch) return tunnel.shown;
    let granted = tunnel.granted.at(-1);
    if (granted?.epoch !== epoch) granted = tunnel.granted.find((one) => one.epoch === epoch);
    if (granted === undefined) {
      granted = { epoch, owner, agentId, offer, policy: { ...POLICY, owner } };
      tunnel.granted = [...tunnel.granted.slice(1 - KEPT_EPOCHS), granted];
    } else if (granted.owner !== owner || granted.agentId !== agentId || granted.offer !== offer)
      this.#counts.violation(`${name}: epoch ${epoch} is for ${granted.agentId} and for ${agentId}`);
    // What else a tunnel has nothing reads here; there are as many of these as nodes times tunnels.
    const { policy } = granted;
    const shown: Partial<ShownTunnel> = { name, agentId, offer, epoch, places, policy, link: undefined };
    tunnel.shown = shown as ShownTunnel;
    return tunnel.shown;
  }

  /** The epoch of a node's link, whatever was asked for. */
  epochAt(node: VirtualNode, name: string): number | undefined {
    return this.of(name)
      .links.find((link) => link.node === node)
      ?.epoch();
  }

  /** A link is being claimed; returns what ends that. */
  coming(name: string): () => void {
    const tunnel = this.of(name);
    tunnel.coming += 1;
    return () => {
      tunnel.coming -= 1;
      this.knowledge.settle(tunnel);
    };
  }

  /** A link is open. */
  opened(link: VirtualLink): void {
    const tunnel = this.of(link.agent.settings.name);
    const others = tunnel.links.filter(({ agent, isSilent }) => agent.agentId !== link.agent.agentId && !isSilent);
    for (const other of others)
      if (!this.#isExplained(other))
        this.#counts.violation(
          `${tunnel.name}: ${link.agent.agentId} was given it at ${link.node.id} while ${other.agent.agentId} has it at ${other.node.id}`,
        );
    tunnel.links = [...tunnel.links, link];
    this.#changed(tunnel, 'link opened');
  }

  /** A link takes no request any more. */
  ended(link: VirtualLink, cause: string): void {
    const tunnel = this.of(link.agent.settings.name);
    if (!tunnel.links.includes(link)) return;
    tunnel.links = tunnel.links.filter((one) => one !== link);
    this.#changed(tunnel, cause);
  }

  /** A node shows a tunnel in another way than before. */
  shown(node: VirtualNode, name: string): void {
    this.knowledge.shown(node, this.of(name));
  }

  /** From now on a node must know what happens. */
  count(node: VirtualNode): void {
    node.troubledAtMs = this.#clock.now;
    this.knowledge.count(node);
  }

  /** It cannot know what happens, nor can others know what is so of its links. */
  uncount(node: VirtualNode): void {
    node.troubledAtMs = this.#clock.now;
    this.knowledge.uncount(node);
  }

  /** Looks for tunnels that two agents have for long. */
  audit(): void {
    for (const tunnel of this.#contested) {
      const sinceMs = tunnel.contestedSinceMs ?? this.#clock.now;
      const nodes = tunnel.links.map(({ node }) => node);
      const isTroubled = nodes.some(
        (node) => !node.isInformed || node.troubles > 0 || this.#clock.now - node.troubledAtMs < MAX_CONTEST_MS,
      );
      if (isTroubled || this.#clock.now - sinceMs < MAX_CONTEST_MS) continue;
      this.#contested.delete(tunnel);
      const agents = tunnel.links.map(({ agent, node, epoch }) => `${agent.agentId} at ${node.id} (${epoch()})`);
      this.#counts.violation(`${tunnel.name}: two agents keep it: ${agents.join(', ')}`);
    }
  }

  #isExplained({ node, openedAtMs }: VirtualLink): boolean {
    const { now } = this.#clock;
    if (!node.isInformed || node.troubles > 0 || now - node.troubledAtMs < GIVEN_AFTER_NODE_MS) return true;
    return this.#storeLostAtMs > openedAtMs - LOST_WRITES_MS && now - this.#storeLostAtMs < GIVEN_AFTER_STORE_MS;
  }

  #changed(tunnel: TunnelTruth, cause: string): void {
    tunnel.version += 1;
    const [first] = tunnel.links;
    const isContested = tunnel.links.some(({ agent }) => agent.agentId !== first?.agent.agentId);
    if (!isContested) {
      tunnel.contestedSinceMs = undefined;
      this.#contested.delete(tunnel);
    } else {
      tunnel.contestedSinceMs ??= this.#clock.now;
      this.#contested.add(tunnel);
    }
    this.knowledge.changed(tunnel, cause);
  }
}
