/**
 * What is so: which links each tunnel has, and which nodes do not know it. From it come the times in which an event has come to
 * all nodes, and the violations.
 */
import type { Place, TunnelRecord } from '../../src/cluster/directory.js';
import type { Tunnel } from '../../src/edge/gate/registry.js';
import type { VirtualLink } from './virtual-link.js';
import type { VirtualNode } from './virtual-node.js';
import type { World } from './world.js';

/** A tunnel as a node shows it to visitors. */
export interface ShownTunnel extends Tunnel {
  readonly epoch: number;
  readonly offer: string;
  readonly places: readonly Place[];
}

/** Something that has happened, until all nodes know how things are now. */
interface Wave {
  readonly startMs: number;
  readonly cause: string;
}

type Granted = Pick<TunnelRecord, 'epoch' | 'owner' | 'agentId' | 'offer'> & Pick<Tunnel, 'policy'>;

/** What is so of a tunnel. */
export class TunnelTruth {
  readonly name: string;
  links: readonly VirtualLink[] = [];
  /** How many links are claimed or about to be: nodes may know one before it is open. */
  coming = 0;
  /** Grows with each change of its links. */
  version = 0;
  /** The nodes that do not know it as it is; undefined for none. */
  wrong: Set<VirtualNode> | undefined;
  wave: Wave | undefined;
  /** For whom its epochs are, the last ones. */
  granted: readonly Granted[] = [];
  /** Since when it has links of two agents. */
  contestedSinceMs: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** As the node of its link shows it. */
  get epoch(): number | undefined {
    const shown = this.links[0]?.node.registry.find(this.name) as ShownTunnel | undefined;
    return shown?.epoch;
  }
}

/** How long a disturbance explains what nodes do not know. */
const EXPLAINED_MS = 30_000;
/** How long after a disturbance a name may be given away whose agent is there: claims were on their way, or are made again. */
const GIVEN_AFTER_NODE_MS = 5_000;
const GIVEN_AFTER_STORE_MS = 20_000;
const KEPT_EPOCHS = 6;
/** What takes longer is noted. */
const NOTED_MS = 10_000;
/** How long two agents may have one name after such a disturbance. */
const MAX_CONTEST_MS = 20_000;

export class Truth {
  readonly tunnels = new Map<string, TunnelTruth>();
  readonly informed = new Set<VirtualNode>();
  readonly contested = new Set<TunnelTruth>();
  readonly #world: World;
  #disturbance = { kind: '', atMs: Number.NEGATIVE_INFINITY };
  #storeLostAtMs = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
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
    this.#disturbance = { kind, atMs: this.#clock.now };
    if (losesWrites) this.#storeLostAtMs = this.#clock.now;
  }

  /** The tunnel of a record. An epoch is for one owner, one agent and one offer. */
  read({ name, epoch, owner, agentId, offer, places }: TunnelRecord): ShownTunnel {
    const tunnel = this.of(name);
    let granted = tunnel.granted.at(-1);
    if (granted?.epoch !== epoch) granted = tunnel.granted.find((one) => one.epoch === epoch);
    if (granted === undefined) {
      granted = { epoch, owner, agentId, offer, policy: { ...POLICY, owner } };
      tunnel.granted = [...tunnel.granted.slice(1 - KEPT_EPOCHS), granted];
    } else if (granted.owner !== owner || granted.agentId !== agentId || granted.offer !== offer)
      this.#counts.violation(`${name}: epoch ${epoch} is for ${granted.agentId} and for ${agentId}`);
    // What else a tunnel has nothing reads here; there are as many of these as nodes times tunnels.
    const shown: Partial<ShownTunnel> = {
      name,
      agentId,
      offer,
      epoch,
      places,
      policy: granted.policy,
      link: undefined,
    };
    return shown as ShownTunnel;
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
      this.#settle(tunnel);
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
    const tunnel = this.of(name);
    // A link that was claimed again has another epoch: what the others know of it is outdated.
    if (tunnel.links.some((link) => link.node === node)) this.#judgeAll(tunnel);
    else this.#judge(tunnel, node);
    this.#settle(tunnel);
  }

  /** From now on a node must know what happens. */
  count(node: VirtualNode): void {
    node.troubledAtMs = this.#clock.now;
    if (!node.isInformed || this.informed.has(node)) return;
    this.informed.add(node);
    this.#judgeOf(node);
  }

  /** It cannot know what happens, nor can others know what is so of its links. */
  uncount(node: VirtualNode): void {
    node.troubledAtMs = this.#clock.now;
    if (this.informed.delete(node)) this.#judgeOf(node);
  }

  /** Whether what a node shows of a tunnel is so. */
  isKnown(tunnel: TunnelTruth, node: VirtualNode): boolean {
    const shown = node.registry.find(tunnel.name) as ShownTunnel | undefined;
    const [first] = tunnel.links;
    if (first === undefined) return shown?.link === undefined;
    if (shown?.link === undefined) return false;
    if (shown.agentId !== first.agent.agentId || shown.epoch !== tunnel.epoch) return false;
    const { links } = tunnel;
    if (links.some((link) => link.node === node)) return true;
    return (
      shown.places.length === links.length && links.every(({ id }) => shown.places.some(({ link }) => link === id))
    );
  }

  /** How a node's knowledge differs, in words. */
  describe(tunnel: TunnelTruth, node: VirtualNode): string {
    const shown = node.registry.find(tunnel.name) as ShownTunnel | undefined;
    const places = shown?.places.map(({ node: id, link }) => `${link} at ${id}`).join() ?? '';
    const links = tunnel.links.map(({ id, node: at }) => `${id} at ${at.id}`).join();
    const what =
      shown === undefined ? 'nothing' : `${shown.link ? 'online' : 'offline'}, epoch ${shown.epoch}, ${places}`;
    return `shows ${what}; there are ${links === '' ? 'no links' : `epoch ${tunnel.epoch}, ${links}`}`;
  }

  /** Looks for tunnels that two agents have for long. */
  audit(): void {
    for (const tunnel of this.contested) {
      const sinceMs = tunnel.contestedSinceMs ?? this.#clock.now;
      const nodes = tunnel.links.map(({ node }) => node);
      const isTroubled = nodes.some(
        (node) => !node.isInformed || node.troubles > 0 || this.#clock.now - node.troubledAtMs < MAX_CONTEST_MS,
      );
      if (isTroubled || this.#clock.now - sinceMs < MAX_CONTEST_MS) continue;
      this.contested.delete(tunnel);
      const agents = tunnel.links.map(({ agent, node, epoch }) => `${agent.agentId} at ${node.id} (${epoch()})`);
      this.#counts.violation(`${tunnel.name}: two agents keep it: ${agents.join(', ')}`);
    }
  }

  #isExplained({ node, openedAtMs }: VirtualLink): boolean {
    const { now } = this.#clock;
    if (!node.isInformed || node.troubles > 0 || now - node.troubledAtMs < GIVEN_AFTER_NODE_MS) return true;
    return this.#storeLostAtMs > openedAtMs - EXPLAINED_MS && now - this.#storeLostAtMs < GIVEN_AFTER_STORE_MS;
  }

  #changed(tunnel: TunnelTruth, cause: string): void {
    tunnel.version += 1;
    tunnel.wave ??= { startMs: this.#clock.now, cause };
    const [first] = tunnel.links;
    const isContested = tunnel.links.some(({ agent }) => agent.agentId !== first?.agent.agentId);
    if (!isContested) {
      tunnel.contestedSinceMs = undefined;
      this.contested.delete(tunnel);
    } else {
      tunnel.contestedSinceMs ??= this.#clock.now;
      this.contested.add(tunnel);
    }
    this.#judgeAll(tunnel);
    this.#settle(tunnel);
  }

  /** What a node knows, and what others know of its links. */
  #judgeOf(node: VirtualNode): void {
    for (const tunnel of this.tunnels.values()) {
      if (tunnel.links.some((link) => link.node === node)) this.#judgeAll(tunnel);
      else if (this.#world.audience.follows(node, `tunnel:${tunnel.name}`)) this.#judge(tunnel, node);
      this.#settle(tunnel);
    }
  }

  #judgeAll(tunnel: TunnelTruth): void {
    for (const node of this.#world.audience.of(`tunnel:${tunnel.name}`)) this.#judge(tunnel, node);
  }

  #judge(tunnel: TunnelTruth, node: VirtualNode): void {
    const canKnow = this.informed.has(node) && tunnel.links.every((link) => this.informed.has(link.node));
    if (!canKnow || this.isKnown(tunnel, node)) tunnel.wrong?.delete(node);
    else {
      tunnel.wrong ??= new Set();
      tunnel.wrong.add(node);
    }
  }

  #settle(tunnel: TunnelTruth): void {
    const isKnown = tunnel.wrong === undefined || tunnel.wrong.size === 0;
    if (isKnown) tunnel.wrong = undefined;
    if (isKnown && tunnel.wave !== undefined) {
      const ms = this.#clock.now - tunnel.wave.startMs;
      this.#counts.converged(tunnel.wave.cause, ms);
      if (ms >= NOTED_MS) this.#counts.note(`${tunnel.name} known everywhere ${ms} ms after: ${tunnel.wave.cause}`);
      tunnel.wave = undefined;
    } else if (!isKnown && tunnel.wave === undefined && tunnel.coming === 0) {
      const { kind, atMs } = this.#disturbance;
      const isExplained = this.#clock.now - atMs < EXPLAINED_MS;
      tunnel.wave = isExplained ? { startMs: atMs, cause: kind } : { startMs: this.#clock.now, cause: 'of itself' };
    }
  }
}

const POLICY = { rules: [], ceiling: undefined, publicPermitted: false };
