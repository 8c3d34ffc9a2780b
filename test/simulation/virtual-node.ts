/**
 * An edge process: the real directory, `Places` and registry, with a view of the modelled store, a clock that is wrong, and links of
 * modelled agents. It may be killed, stopped, cut off, or stand still for a while.
 */
import { LEASE_BEAT_MS, StoreDirectory } from '../../src/cluster/store-directory.js';
import type { OwnLink } from '../../src/edge/agents/own-link.js';
import { Places } from '../../src/edge/agents/places.js';
import { Registry, type Tunnel } from '../../src/edge/gate/registry.js';
import { PosternError } from '../../src/errors.js';
import { linkLost } from '../../src/link/link.js';
import { START_MS } from './clock.js';
import { StoreView } from './store-view.js';
import type { VirtualLink } from './virtual-link.js';
import { peersOf } from './virtual-peers.js';
import type { World } from './world.js';

/** How long an agent waits for the response to its offer. */
const OFFER_MS = 10_000;
const MOVE_MS = 15_000;
const AT_ONCE = 100;
const PAUSE_MS = 50;
/** A clock of a machine is wrong by at most so much in a second, and by so many milliseconds at the start. */
const DRIFT = 0.001;
const OFFSET_MS = 2_000;

export type NodeState = 'starting' | 'up' | 'draining' | 'ended';

/** The registry of a node; tells what it shows. */
class ShownTunnels extends Registry {
  told: (name: string) => void = () => {};

  override set(tunnel: Tunnel): void {
    super.set(tunnel);
    this.told(tunnel.name);
  }

  override forget(name: string): void {
    super.forget(name);
    this.told(name);
  }
}

export class VirtualNode {
  readonly world: World;
  readonly id: string;
  readonly view: StoreView;
  readonly registry = new ShownTunnels();
  readonly links = new Set<VirtualLink>();
  state: NodeState = 'starting';
  /** How much its clock is ahead. */
  offsetMs: number;
  /** How long something travels between it and the store, besides what is usual. */
  slownessMs = 0;
  /** Other nodes that it cannot reach now. */
  troubles = 0;
  /** When something was last done to it. */
  troubledAtMs = 0;
  directory!: StoreDirectory;
  places!: Places;
  readonly #drift: number;
  #held: (() => void)[] | undefined;
  #beating: { stop(): void } | undefined;
  readonly #deaths = new Set<() => void>();

  constructor(world: World, id: string) {
    const { clock, random, counts } = world;
    this.world = world;
    this.id = id;
    this.#drift = 1 + random.between(-DRIFT, DRIFT);
    this.offsetMs = random.between(-OFFSET_MS, OFFSET_MS);
    this.view = new StoreView({
      ...{ clock, server: world.server, ignoresVersions: world.faults.ignoresVersions },
      latency: () => 1 + random.below(3) + this.slownessMs,
      wallClock: () => this.wallClock(),
      run: (act) => this.run(act),
      counted: (command, key) => counts.command(command, key),
      effect: (what) => counts.effect(what),
    });
  }

  get isFrozen(): boolean {
    return this.#held !== undefined;
  }

  /** Whether it must know what has happened: it serves, and the store is there for it. */
  get isInformed(): boolean {
    return (
      (this.state === 'up' || this.state === 'draining') &&
      !this.isFrozen &&
      this.view.isUp &&
      this.view.server === this.world.server
    );
  }

  get hasEnded(): boolean {
    return this.state === 'ended';
  }

  wallClock(): number {
    return Math.round(START_MS + this.world.clock.now * this.#drift + this.offsetMs);
  }

  /** Others cannot reach it as usual, from now on or no more. */
  trouble(change: 1 | -1): void {
    this.troubles += change;
    this.troubledAtMs = this.world.clock.now;
  }

  /** Does it in the process of this node: now, when it goes on, or never. */
  run(act: () => void): void {
    if (this.hasEnded) return;
    if (this.#held === undefined) act();
    else this.#held.push(act);
  }

  async start(): Promise<void> {
    const { clock, random, truth, faults } = this.world;
    const self = { id: this.id, peer: `https://${this.id.toLowerCase()}.test:7443`, state: 'up' } as const;
    this.directory = await StoreDirectory.open(this.view, self, {
      wallClock: faults.hasNoClock ? () => 0 : () => this.wallClock(),
      monotonic: () => clock.now * this.#drift,
      read: (entry) => truth.record(entry),
      random: faults.hasNoClock ? () => 0 : (below) => random.below(below),
    });
    if (this.hasEnded) return;
    this.places = new Places({
      directory: this.directory,
      registry: this.registry,
      read: (record) => truth.read(record),
      peers: peersOf(this),
      changed: () => {},
    });
    await this.places.ready;
    if (this.hasEnded) return;
    this.state = 'up';
    this.registry.told = (name) => truth.shown(this, name);
    this.#beating = clock.every(
      () => LEASE_BEAT_MS / this.#drift,
      () => this.run(() => void this.#beat()),
      random.between(0, LEASE_BEAT_MS),
    );
    truth.knowledge.join(this);
    truth.count(this);
  }

  /** An agent's offer. Rejects as the edge refuses it, and when there is no response in time. */
  admit(link: VirtualLink, isGone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (settle: () => void) => {
        isOver = true;
        this.#deaths.delete(lost);
        timer.cancel();
        settle();
      };
      const lost = () => end(() => reject(linkLost(new Error('no response to the offer'))));
      const timer = this.world.clock.after(OFFER_MS, lost);
      this.#deaths.add(lost);
      if (this.hasEnded) lost();
      else
        this.#admit(link, () => isOver || isGone()).then(
          () => end(resolve),
          (error: unknown) => end(() => reject(error)),
        );
    });
  }

  /** As `kill -9` ends it. */
  kill(): void {
    this.#end();
    for (const link of [...this.links]) link.die();
    for (const died of [...this.#deaths]) died();
  }

  /** As SIGTERM ends it: its agents move to other nodes first. */
  async stop(): Promise<void> {
    const { clock } = this.world;
    this.state = 'draining';
    await this.directory.drain().catch(() => {}); // the store is away: others learn of it by the end of the lease
    const links = [...this.links];
    for (const [at, link] of links.entries()) {
      if (at > 0 && at % AT_ONCE === 0) await clock.sleep(PAUSE_MS);
      link.notice();
    }
    const endMs = clock.now + MOVE_MS;
    while (clock.now < endMs && links.some(({ isOpen }) => isOpen) && !this.hasEnded) await clock.sleep(250);
    if (this.hasEnded) return;
    for (const link of [...this.links]) void link.drain();
    await clock.sleep(1_000);
    if (this.hasEnded) return;
    this.world.truth.uncount(this);
    await this.directory.close();
    this.kill();
  }

  /** Its process stands still, as under SIGSTOP, in a virtual machine that is moved, or in a swap storm. */
  freeze(): void {
    this.#held ??= [];
    this.world.truth.uncount(this);
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const act of held) this.run(act);
    this.world.truth.count(this);
  }

  async #admit(link: VirtualLink, isOver: () => boolean): Promise<void> {
    const { name, owner, offer } = link.agent.settings;
    if (this.state !== 'up') throw new PosternError('ERR_EDGE_DRAINING');
    await new Promise<void>((resolve) => this.run(resolve));
    const wanted = { name, owner, offer, agentId: link.agent.agentId, slot: link.slot };
    const settled = this.world.truth.coming(name);
    try {
      const own = await this.places.reserve(wanted);
      this.#open(own, link, isOver());
    } finally {
      settled();
    }
  }

  #open(own: OwnLink, link: VirtualLink, isOver: boolean): void {
    if (isOver || this.state !== 'up') {
      this.places.abandon(own);
      throw new PosternError('ERR_EDGE_DRAINING');
    }
    link.id = own.id;
    link.epoch = () => own.epoch;
    this.links.add(link);
    void link.closed.then(() => this.links.delete(link));
    this.world.truth.opened(link);
    this.places.connect(own, link.asOutbound, () => {});
  }

  async #beat(): Promise<void> {
    const before = this.directory.nodes().size;
    await this.directory.beat();
    if (this.directory.nodes().size < before) this.world.counts.effect('lease ended');
  }

  #end(): void {
    this.world.truth.uncount(this);
    this.world.truth.knowledge.leave(this);
    this.state = 'ended';
    this.#beating?.stop();
    this.world.nodes.delete(this.id);
  }
}
