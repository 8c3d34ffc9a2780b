/** All of a simulation: its nodes, agents, store and visitors, and one run of them. */
import { VirtualClock } from './clock.js';
import { Counts } from './counts.js';
import { disturb } from './disturbances.js';
import { checkEnd } from './end.js';
import { ModelServer } from './model-server.js';
import { Network } from './network.js';
import { Random } from './random.js';
import { type Faults, NO_FAULTS, type Settings } from './settings.js';
import type { StoreView } from './store-view.js';
import { Truth } from './truth.js';
import type { TunnelTruth } from './tunnel-truth.js';
import { type AgentSettings, offerOf, VirtualAgent } from './virtual-agent.js';
import { VirtualNode } from './virtual-node.js';
import { Visit } from './visitors.js';

/** What comes after the last disturbance: the longest lease, silence and wait are over then. */
const SETTLE_MS = 70_000;
const AUDIT_MS = 1_000;
/** The balancer notices after so long that a node takes no connections. */
const UNNOTICED_MS = 1_000;

const RIVALS = 0.02;
const MAX_RIVALS = 100;
const SECOND_LINKS = 0.1;

export class World {
  readonly settings: Settings;
  readonly faults: Faults;
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly counts: Counts;
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

  /** `told`: called with each event as it happens. */
  constructor(settings: Settings, told: (line: string) => void = () => {}) {
    this.settings = settings;
    this.faults = { ...NO_FAULTS, ...settings.faults };
    this.random = new Random(settings.seed);
    this.counts = new Counts(() => this.clock.now, told);
    this.truth = new Truth(this);
    this.server = this.newServer();
  }

  /** So many names, the first ones, are wanted by agents of two owners. */
  get rivals(): number {
    const { tunnels } = this.settings;
    return Math.min(tunnels, Math.max(3, Math.min(MAX_RIVALS, Math.round(tunnels * RIVALS))));
  }

  newServer(): ModelServer {
    const maxEntries = 2 * this.settings.tunnels + 100_000;
    return new ModelServer({ clock: this.clock, views: () => this.#views(), maxEntries });
  }

  /** The agents of a name that run. */
  running(name: string): VirtualAgent[] {
    return (this.agents.get(name) ?? []).filter(({ isEnded }) => !isEnded);
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
      checkEnd(this);
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

  async startNode(): Promise<void> {
    const node = new VirtualNode(this, this.random.id());
    this.nodes.set(node.id, node);
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
    this.agents.set(settings.name, [...this.running(settings.name), agent]);
    this.clock.after(inMs - agent.latency, () => agent.start());
  }

  /** Visitors come to it more often for a while. */
  touched(tunnel: TunnelTruth): void {
    if (this.#recent.push(tunnel) > 64) this.#recent.shift();
  }

  #startNodes(): void {
    for (let at = 0; at < this.settings.nodes; at++)
      this.clock.after(this.random.below(2_000), () => void this.startNode());
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
    const come = () => {
      const recent = this.random.chance(0.7) ? this.random.pick(this.#recent) : undefined;
      const tunnel = recent ?? this.truth.of(`tunnel-${this.random.below(tunnels)}`);
      const node = this.random.pick([...this.nodes.values()]);
      if (node?.state === 'up' && !node.isFrozen) new Visit(this, node, tunnel).ask();
    };
    this.clock.every(() => this.random.wait(1_000 / perSecond), come, firstMs);
  }

  *#views(): Iterable<StoreView> {
    for (const { view } of this.nodes.values()) yield view;
  }
}
