/** How an edge ends: its agents and visitors go to other nodes where there are any, then what runs is finished, then all is closed. */
import type { Log } from '../core/log.js';
import type { Store } from '../store/store.js';
import type { Admission } from './agents/admission.js';
import type { Front } from './front.js';
import type { Beyond, Node } from './node.js';
import type { createAdminServer } from './ops/admin-server.js';
import { QUIET_MS } from './request/limits.js';
import { closed } from './visitors/http1/listener.js';
import type { Http1Requests } from './visitors/http1/requests.js';

// How often a node that waits for others looks whether there are any.
const LOOK_MS = 250;

export interface StoppingParts {
  readonly node: Node;
  readonly admission: Admission;
  readonly requests: Http1Requests;
  readonly front: Front;
  /** Undefined for a worker. */
  readonly admin: ReturnType<typeof createAdminServer> | undefined;
  readonly store: Store;
  /** How long running requests may take to finish. */
  readonly drainMs: number;
  /** Ends the streams of events. */
  readonly closeStreams: () => void;
  /** Closes what holds no connection. */
  readonly release: () => Promise<void>;
  readonly log: Log;
}

export class Stopping {
  readonly #parts: StoppingParts;
  #moving: Promise<void> | undefined;

  constructor(parts: StoppingParts) {
    this.#parts = parts;
  }

  /** Breaks what runs. */
  destroy(): void {
    const { admission, front, node, admin } = this.#parts;
    admission.destroy();
    front.destroy();
    node.destroy();
    admin?.closeAllConnections();
  }

  /**
   * Agents dial elsewhere while their links serve on, then visitors come back on other connections. Does nothing if no other node
   * would take them. A second call waits for the first.
   */
  async moveAway(beyond: Beyond): Promise<void> {
    if (this.#moving === undefined && this.#parts.node.hasOthers(beyond)) this.#moving = this.#move(beyond);
    await this.#moving;
  }

  async stop(): Promise<void> {
    await this.moveAway('this machine');
    const { closeStreams, admission, front, node, admin, store, release, drainMs } = this.#parts;
    closeStreams();
    admission.refuse();
    const stopped = front.close();
    const late = setTimeout(() => this.destroy(), drainMs);
    await front.lastRequest(); // the links still take what is on its way
    await Promise.all([stopped, admission.drain()]);
    await node.drain();
    clearTimeout(late);
    if (admin !== undefined) {
      // Last, so that `/readyz` says what is going on for as long as something is.
      const adminStopped = closed(admin);
      admin.closeAllConnections();
      await adminStopped;
    }
    await node.close();
    await release();
    await store.close();
  }

  async #move(beyond: Beyond): Promise<void> {
    const { node, admission, requests, log } = this.#parts;
    try {
      await node.directory.drain();
    } catch (error) {
      // The directory is away: no other node can take an agent, and waiting for that would only lengthen the end.
      return log.warn({ err: error }, 'the agents cannot go to other nodes');
    }
    await this.#whileOthers(beyond, (alone) => admission.moveAway(alone));
    requests.leave();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }

  /** Its signal is aborted when no other node is left: all of them may have been told to stop at once. */
  async #whileOthers(beyond: Beyond, wait: (alone: AbortSignal) => Promise<void>): Promise<void> {
    const alone = new AbortController();
    const look = () => this.#parts.node.hasOthers(beyond) || alone.abort();
    const timer = setInterval(look, LOOK_MS);
    await wait(alone.signal).finally(() => clearInterval(timer));
  }
}
