/**
 * An agent: one process with one or two links. It dials through a balancer that knows nothing, dials again when a link is lost (the
 * real waits of `Redial`), and may be killed, fall silent or be started again with another offer.
 */
import { Redial } from '../../src/agent/redial.js';
import { asPosternError, type ErrorCode } from '../../src/errors.js';
import type { Effect } from './effects.js';
import { VirtualLink } from './virtual-link.js';
import type { VirtualNode } from './virtual-node.js';
import type { World } from './world.js';

export interface AgentSettings {
  readonly name: string;
  readonly owner: string;
  readonly offer: string;
  /** How many links it holds. */
  readonly slots: number;
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

/** After a refusal that would end a program its developer starts it again. */
const REFUSED_MS = [2_000, 8_000] as const;
const REFUSALS: Partial<Record<ErrorCode, Effect>> = {
  ERR_NAME_TAKEN: 'offer refused: name taken',
  ERR_EDGE_DRAINING: 'offer refused: draining',
  ERR_STORE_UNAVAILABLE: 'offer refused: store away',
};
/** One way. */
export const MAX_LATENCY_MS = 60;
const NO_NODE_MS = 1_000;

export class VirtualAgent {
  readonly settings: AgentSettings;
  readonly agentId: string;
  /** One way, to any node. */
  readonly latency: number;
  /** What it responds with. */
  readonly identity: readonly string[];
  readonly links = new Set<VirtualLink>();
  readonly #world: World;
  #redial: Redial | undefined;
  #isEnded = false;
  /** Slots for which it dials. */
  readonly #dialling = new Set<number>();

  constructor(world: World, settings: AgentSettings) {
    this.#world = world;
    this.settings = settings;
    this.agentId = world.random.id();
    this.latency = Math.round(world.random.between(2, MAX_LATENCY_MS));
    this.identity = [settings.name, settings.owner, this.agentId, settings.offer];
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  start(): void {
    for (let slot = 1; slot <= this.settings.slots; slot++) void this.#dial(slot);
  }

  /** Its links are closed, by its system. */
  kill(): void {
    this.#isEnded = true;
    for (const link of this.links) link.lose();
  }

  /** Its machine is gone: nobody learns of it. */
  vanish(): void {
    this.#isEnded = true;
    for (const link of this.links) link.fallSilent();
  }

  /** A node asks it to dial elsewhere. */
  noticed(link: VirtualLink): void {
    if (this.#isEnded || !this.links.has(link)) return;
    this.#world.counts.effect('link moved when asked');
    void this.#dial(link.slot);
  }

  /** A link has ended. */
  left(link: VirtualLink, how: 'drained' | 'lost'): void {
    this.links.delete(link);
    if (this.#isEnded || this.#serves(link.slot)) return;
    if (how === 'drained') void this.#dial(link.slot);
    else this.#later(link.slot, 'ERR_LINK_LOST');
  }

  #serves(slot: number): boolean {
    return [...this.links].some((link) => link.slot === slot && link.isOpen);
  }

  async #dial(slot: number): Promise<void> {
    if (this.#isEnded || this.#dialling.has(slot)) return;
    this.#dialling.add(slot);
    const { clock } = this.#world;
    await clock.sleep(this.latency);
    const node = this.#world.balance();
    try {
      if (node === undefined) await clock.sleep(NO_NODE_MS);
      else await this.#offer(node, slot);
      this.#dialling.delete(slot);
      if (node === undefined) void this.#dial(slot);
    } catch (error) {
      this.#dialling.delete(slot);
      this.#later(slot, asPosternError(error).code);
    }
  }

  async #offer(node: VirtualNode, slot: number): Promise<void> {
    const link = new VirtualLink(this, node, slot);
    await node.admit(link, () => this.#isEnded);
    if (!link.isOpen) return;
    this.links.add(link);
    this.#redial?.reset();
    if ([...this.links].some((other) => other.node !== node)) this.#world.counts.effect('links at several nodes');
    if (this.#isEnded) link.lose();
  }

  #later(slot: number, code: ErrorCode): void {
    const { clock, random, counts } = this.#world;
    if (this.#isEnded) return;
    counts.effect(REFUSALS[code] ?? 'link dialled again');
    this.#redial ??= new Redial(() => random.next());
    const waitMs = code === 'ERR_NAME_TAKEN' ? random.between(...REFUSED_MS) : this.#redial.next(code);
    clock.after(waitMs, () => {
      if (!this.#serves(slot)) void this.#dial(slot);
    });
  }
}
