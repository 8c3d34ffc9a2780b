/** A link between an agent and a node, with what the edge uses of one. Its agent responds to each request with who it is. */
import { PosternError } from '../../src/errors.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead } from '../../src/http/exchange.js';
import { NotProcessed } from '../../src/link/client-stream.js';
import { linkLost } from '../../src/link/link.js';
import type { OutboundLink } from '../../src/link/outbound-link.js';
import type { VirtualAgent } from './virtual-agent.js';
import type { VirtualNode } from './virtual-node.js';

/** What the edge finds out of an agent that is silent: it sends a PING after twenty seconds, and waits as long. */
const SILENT_MS = [20_000, 40_000] as const;

/** An `AbortSignal`, as far as the edge uses it: a million real ones would not fit into memory. */
class Signal {
  aborted = false;
  #listeners: (() => void)[] = [];

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

export class VirtualLink {
  readonly agent: VirtualAgent;
  readonly node: VirtualNode;
  readonly slot: number;
  readonly draining = new Signal();
  readonly closed: Promise<PosternError | undefined>;
  readonly receivedBytes = 0;
  readonly running = 0;
  /** As the directory knows it. */
  id = '';
  /** Of its claim, as the edge has it now. */
  epoch: () => number | undefined = () => undefined;
  /** Nothing passes any more, and no end knows it. */
  isSilent = false;
  isOpen = true;
  readonly openedAtMs: number;
  /** Drained links finish what runs on them, others do not. */
  #isLost = false;
  #resolveClosed: (reason: PosternError | undefined) => void = () => {};

  constructor(agent: VirtualAgent, node: VirtualNode, slot: number) {
    this.agent = agent;
    this.node = node;
    this.slot = slot;
    this.openedAtMs = node.world.clock.now;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** As the edge takes it. */
  get asOutbound(): OutboundLink {
    return this as unknown as OutboundLink;
  }

  open(_head: RequestHead, _options: OpenOptions, observer: OutboundObserver): OutboundStream {
    if (this.draining.aborted) throw linkLost(new NotProcessed('the link is closing'));
    const { clock } = this.node.world;
    clock.after(this.agent.latency, () => {
      if (this.isSilent) return; // no response ever
      if (this.#isLost) observer.failed(linkLost(new Error('the link was lost')));
      else observer.response({ status: 200, headers: this.agent.identity }, true);
    });
    return NO_STREAM;
  }

  ping(): Promise<number> {
    if (this.isSilent) return new Promise(() => {});
    return this.node.world.clock.sleep(this.agent.latency).then(() => this.agent.latency);
  }

  /** The edge ends it once what runs is finished; the agent dials again at once. */
  async drain(): Promise<void> {
    this.#end(undefined, 'drained');
  }

  /** The edge cuts it. */
  destroy(error?: PosternError): void {
    this.#end(error ?? new PosternError('ERR_LINK_LOST'), 'lost');
  }

  /** The edge asks the agent to dial elsewhere; until then the link serves. */
  notice(): void {
    this.node.world.clock.after(this.agent.latency, () => this.agent.noticed(this));
  }

  /** The agent, or the network between, cuts it. */
  lose(): void {
    this.node.run(() => this.#end(new PosternError('ERR_LINK_LOST'), 'lost'));
  }

  /** The agent is gone, and its connection is not closed. */
  fallSilent(): void {
    this.isSilent = true;
    const { clock, random, truth } = this.node.world;
    truth.ended(this, 'agent silent');
    clock.after(random.between(...SILENT_MS), () => this.lose());
  }

  /** The process of the node is gone: the agent notices, the node does nothing any more. */
  die(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#isLost = true;
    this.draining.aborted = true;
    this.node.world.truth.ended(this, 'node killed');
    this.node.world.clock.after(this.agent.latency, () => this.agent.left(this, 'lost'));
  }

  #end(reason: PosternError | undefined, how: 'drained' | 'lost'): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#isLost = how === 'lost';
    this.node.world.truth.ended(this, how === 'lost' ? 'link lost' : 'link moved');
    this.draining.abort();
    this.#resolveClosed(reason);
    this.node.world.clock.after(this.agent.latency, () => this.agent.left(this, how));
  }
}

/** The end of a request that has no body. */
export const NO_STREAM: OutboundStream = {
  writableLength: 0,
  bytesWritten: 0,
  write: () => true,
  end: () => {},
  pause: () => {},
  resume: () => {},
  cancel: () => {},
  takeBody: () => {
    throw new Error('no body is modelled');
  },
};
