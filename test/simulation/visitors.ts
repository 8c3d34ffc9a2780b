/**
 * Visitors: each comes to a node, is judged by what that node shows of a tunnel, and must be given a response by just the agent for
 * which it was judged. As `Forwarder` does, a request that has reached no agent is tried once more.
 */
import { asPosternError, type PosternError } from '../../src/errors.js';
import type { OutboundObserver, ResponseHead } from '../../src/http/exchange.js';
import { wasNotProcessed } from '../../src/link/client-stream.js';
import type { ShownTunnel, TunnelTruth } from './tunnel-truth.js';
import type { VirtualNode } from './virtual-node.js';
import { HEAD } from './virtual-peers.js';
import type { World } from './world.js';

export class Visit {
  readonly #world: World;
  readonly #node: VirtualNode;
  readonly #tunnel: TunnelTruth;
  readonly #startMs: number;
  readonly #version: number;
  /** The node knew how things were, and the tunnel had a link that works. */
  readonly #mustSucceed: boolean;
  #isRepeated = false;

  constructor(world: World, node: VirtualNode, tunnel: TunnelTruth) {
    this.#world = world;
    this.#node = node;
    this.#tunnel = tunnel;
    this.#startMs = world.clock.now;
    this.#version = tunnel.version;
    const { links } = tunnel;
    this.#mustSucceed = links.length > 0 && tunnel.contestedSinceMs === undefined && tunnel.isKnownAt(node);
  }

  ask(): void {
    const judged = this.#node.registry.find(this.#tunnel.name) as ShownTunnel | undefined;
    if (judged?.link === undefined) {
      this.#over(judged === undefined ? 'unknown' : 'offline');
      return;
    }
    try {
      judged.link.open(HEAD, { endOfBody: true, party: 'visitor' }, this.#observer(judged));
    } catch (error) {
      this.#failed(asPosternError(error));
    }
  }

  #observer(judged: ShownTunnel): OutboundObserver {
    return {
      response: (head) => this.#responded(judged, head),
      failed: (error) => this.#failed(error),
      ...NOTHING,
    };
  }

  #responded(judged: ShownTunnel, { headers }: ResponseHead): void {
    const [name, owner, agentId, offer] = headers;
    const isMeant =
      name === judged.name && owner === judged.policy.owner && agentId === judged.agentId && offer === judged.offer;
    if (!isMeant)
      this.#world.counts.violation(
        `a visitor of ${judged.name} at ${this.#node.id} was judged for ${judged.agentId} and was given the response of ${agentId}, a tunnel of ${owner}`,
      );
    this.#over(this.#isRepeated ? 'served after another attempt' : 'served');
  }

  #failed(error: PosternError): void {
    const node = this.#node;
    if (node.hasEnded) this.#over('lost with the node');
    else if (this.#isRepeated || !wasNotProcessed(error)) this.#over('lost');
    else {
      this.#isRepeated = true;
      node.places.refresh(this.#tunnel.name).then(
        () => node.run(() => this.ask()),
        () => this.#over('lost: store away'),
      );
    }
  }

  #over(outcome: string): void {
    const { counts } = this.#world;
    counts.outcome(outcome);
    if (outcome.startsWith('served') || !this.#mustSucceed || this.#isExcused) return;
    counts.violation(`${outcome}: a visitor of ${this.#tunnel.name} at ${this.#node.id}, where nothing had changed`);
  }

  get #isExcused(): boolean {
    const { links, version } = this.#tunnel;
    const nodes = [this.#node, ...links.map(({ node }) => node)];
    if (version !== this.#version || links.some(({ isSilent }) => isSilent)) return true;
    return nodes.some(
      (node) => node.hasEnded || node.isFrozen || node.troubles > 0 || node.troubledAtMs >= this.#startMs,
    );
  }
}

const NOTHING = {
  informational: () => {},
  data: () => {},
  trailers: () => {},
  end: () => {},
  drain: () => {},
};
