/** All of a simulation: its nodes, agents, store and visitors, and one run of them. */
import type { Place } from '../../src/cluster/directory.js';
import { readTunnel } from '../../src/cluster/store-records.js';
import { Audience } from './audience.js';
import { START_MS, VirtualClock } from './clock.js';
import { Counts } from './counts.js';
import { disturb } from './disturbances.js';
import { ModelServer } from './model-server.js';
import { Network } from './network.js';
import { Random } from './random.js';
import { Truth, type TunnelTruth } from './truth.js';
import { type AgentSettings, VirtualAgent } from './virtual-agent.js';
import { VirtualNode } from './virtual-node.js';
import { Visit } from './visitors.js';

/** What is done wrong on purpose, so that it can be seen that the checks find it. */
export interface Faults {
  /** Writes to the store compare no version. */
  readonly ignoresVersions: boolean;
  /** A node takes a relayed request for whatever link it has. */
  readonly ignoresEpochs: boolean;
  /** Epochs are counted, and begin again with the store. */
  readonly hasNoClock: boolean;
}

export interface Settings {
  readonly nodes: number;
  readonly tunnels: number;
  readonly minutes: number;
  readonly seed: number;
  /** In how many groups the tunnels are, each followed by its share of the nodes. Default: all nodes follow all. */
  readonly groups?: number;
  /** How often something happens to an agent. Default: twice an hour to each, and at least once a second to one. */
  readonly agentEventsPerSecond?: number;
  /** Default: one of fifty tunnels is visited in each second, and at least 20 and at most 300 are. */
  readonly visitorsPerSecond?: number;
  readonly faults?: Partial<Faults>;
  /** Called with each event as it happens. */
  readonly told?: (line: string) => void;
}

const NO_FAULTS: Faults = { ignoresVersions: false, ignoresEpochs: false, hasNoClock: false };

/** What comes after the last disturbance: the longest lease, silence and wait are over then. */
const SETTLE_MS = 70_000;
const AUDIT_MS = 1_000;
/** The balancer notices after so long that a node takes no connections. */
const UNNOTICED_MS = 1_000;

const RIVALS = 0.02;
const MAX_RIVALS = 100;
const SECOND_LINKS = 0.1;
/** Of groups, so many nodes follow all: with the lowest ids, they remove what is left behind. */
const FOLLOW_ALL = 2;

export class World {
  readonly settings: Settings;
  readonly faults: Faults;
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly counts: Counts;
  readonly audience: Audience;
  readonly network = new Network();
  readonly truth: Truth;
  readonly nodes = new Map<string, VirtualNode>();
  /** The processes that run, or that nobody has noticed to be gone, by tunnel. */
  readonly agents = new Map<string, VirtualAgent[]>();
  /** Where new nodes find the store. */
  server: ModelServer;
  #listed: readonly VirtualNode[] = [];
  /** Tunnels to which something has happened lately. */
  readonly #recent: TunnelTruth[] = [];

  constructor(settings: Settings) {
    this.settings = settings;
    this.faults = { ...NO_FAULTS, ...settings.faults };
    this.random = new Random(settings.seed);
    this.counts = new Counts(() => this.clock.now, settings.told ?? (() => {}));
    this.audience = new Audience(settings.groups ?? 1);
    this.truth = new Truth(this);
    this.server = this.newServer();
  }

  get names(): readonly string[] {
    return [...this.truth.tunnels.keys()];
  }

  /** So many names, the first ones, are wanted by agents of two owners. */
  get rivals(): number {
    const { tunnels } = this.settings;
    return Math.min(tunnels, Math.max(3, Math.min(MAX_RIVALS, Math.round(tunnels * RIVALS))));
  }

  newServer(): ModelServer {
    const maxEntries = 2 * this.settings.tunnels + 100_000;
    return new ModelServer({ clock: this.clock, audience: this.audience, maxEntries });
  }

  /** Runs it all. Resolves when the time is over and everything was looked at. */
  async run(): Promise<void> {
    const uninstall = this.clock.install();
    try {
      const endMs = this.settings.minutes * 60_000;
      const dialMs = Math.min(30_000, endMs / 4, 1_000 + 20 * this.settings.tunnels);
      this.#startNodes();
      this.#startAgents(dialMs);
      this.#startVisitors(dialMs);
      this.clock.every(
        () => AUDIT_MS,
        () => this.truth.audit(),
      );
      disturb(this, 5_000 + 2 * dialMs, endMs - SETTLE_MS);
      await this.clock.runUntil(endMs);
      this.#checkEnd();
    } finally {
      uninstall();
    }
  }

  /** A node that the balancer believes in. */
  balance(): VirtualNode | undefined {
    return this.random.pick(this.#listed);
  }

  /** A node that serves, of those that fit. */
  pickNode(fits: (node: VirtualNode) => boolean = () => true): VirtualNode | undefined {
    return this.random.pick(
      [...this.nodes.values()].filter((node) => node.state === 'up' && !node.isFrozen && fits(node)),
    );
  }

  async startNode(followsAll = false): Promise<void> {
    const id =
      (this.settings.groups ?? 1) > 1 && followsAll
        ? `--${this.random.id().slice(2)}`
        : `A${this.random.id().slice(1)}`;
    const node = new VirtualNode(this, id, followsAll);
    this.nodes.set(id, node);
    this.audience.join(node, followsAll);
    while (node.state === 'starting') await node.start().catch(() => this.clock.sleep(1_000)); // the store is away
    this.#listed = [...this.#listed, node];
  }

  /** The balancer notices in a moment that a node takes no connections. */
  unlist(node: VirtualNode): void {
    this.clock.after(UNNOTICED_MS, () => {
      this.#listed = this.#listed.filter((one) => one !== node);
    });
  }

  /** Starts one whose offers arrive `inMs` later. */
  startAgent(settings: AgentSettings, inMs = 0): void {
    const agent = new VirtualAgent(this, settings);
    const running = (this.agents.get(settings.name) ?? []).filter(({ isEnded }) => !isEnded);
    this.agents.set(settings.name, [...running, agent]);
    this.clock.after(inMs - agent.latency, () => agent.start());
  }

  /** Visitors come to it more often for a while. */
  touched(tunnel: TunnelTruth): void {
    if (this.#recent.push(tunnel) > 64) this.#recent.shift();
  }

  #startNodes(): void {
    for (let at = 0; at < this.settings.nodes; at++)
      this.clock.after(this.random.below(2_000), () => void this.startNode(at < FOLLOW_ALL));
  }

  #startAgents(dialMs: number): void {
    const { tunnels } = this.settings;
    for (let at = 0; at < tunnels; at++) {
      const name = `tunnel-${at}`;
      this.truth.add(name);
      const slots = this.random.chance(SECOND_LINKS) ? 2 : 1;
      const start = (owner: string) => () => this.startAgent({ name, owner, offer: offerOf(0), slots });
      this.clock.after(3_000 + this.random.below(dialMs), start(`ana-${at % 1_000}@acme.test`));
      if (at < this.rivals) this.clock.after(3_000 + this.random.below(dialMs), start(`bob-${at % 1_000}@other.test`));
    }
  }

  #startVisitors(firstMs: number): void {
    const { tunnels, visitorsPerSecond: perSecond = Math.min(300, Math.max(20, tunnels / 50)) } = this.settings;
    const { names } = this;
    const come = () => {
      const recent = this.random.chance(0.7) ? this.random.pick(this.#recent) : undefined;
      const tunnel = recent ?? this.truth.of(names[this.random.below(names.length)] as string);
      const followers = [...this.audience.of(`tunnel:${tunnel.name}`)];
      const node = this.random.pick(followers);
      if (node?.state === 'up' && !node.isFrozen) new Visit(this, node, tunnel).ask();
    };
    this.clock.every(() => this.random.wait(1_000 / perSecond), come, firstMs);
  }

  #checkEnd(): void {
    const { counts, truth } = this;
    for (const tunnel of truth.tunnels.values()) {
      const { name, links, wrong } = tunnel;
      for (const node of wrong ?? [])
        counts.violation(`${name}: ${node.id} does not know at the end where it is: ${truth.describe(tunnel, node)}`);
      const running = (this.agents.get(name) ?? []).filter(({ isEnded }) => !isEnded);
      const wanted = Math.min(...running.map(({ settings }) => settings.slots));
      if (links.length < wanted && running.length > 0) counts.violation(`${name}: its agent has no link at the end`);
      this.#checkStored(
        name,
        links.map(({ id }) => id),
      );
    }
    const ids = [...this.nodes.keys()].sort().join();
    for (const node of this.nodes.values())
      if ([...node.directory.nodes().keys()].sort().join() !== ids)
        counts.violation(`${node.id} knows other nodes at the end than there are`);
  }

  #checkStored(name: string, links: readonly string[]): void {
    const entry = this.server.get(START_MS + this.clock.now, `tunnel:${name}`);
    const places: readonly Place[] = (entry && readTunnel(entry)?.places) ?? [];
    const stored = places.map(({ link }) => link).sort();
    if (stored.join() !== [...links].sort().join())
      this.counts.violation(`${name}: the store has ${stored.length} places at the end, and there are ${links.length}`);
  }
}

/** As agents write them, in about the usual size; another one for each number. */
export function offerOf(number: number): string {
  return JSON.stringify({
    allow: ['*@acme.test', `guest-${number}@other.test`],
    origins: [],
    frameOrigins: [],
    terms: [],
  });
}
