/**
 * Repeats captured requests through the tunnel that they came through, as the same person: with an assertion that the edge signs
 * afresh, since the old one has expired. A request that had an identity is never repeated without it.
 */
import type { Capture } from './capture.js';
import type { InspectedTunnel, InspectedTunnels } from './inspected-tunnels.js';
import type { KeptExchange } from './kept-exchange.js';
import type { Masks } from './masks.js';
import { assertionOf, replayedRequest } from './replay-request.js';
import { ReplayStream } from './replay-stream.js';
import { BadCall } from './reply.js';
import type { ReplayRequest, ReplayResult } from './wire.js';

export interface ReplayerOptions {
  readonly capture: Capture;
  readonly masks: Masks;
  readonly tunnels: InspectedTunnels;
}

export const MAX_REPLAYS = 50;
// Requests that run at once: a person who repeats one fifty times does not want to test the load.
const MAX_RUNNING = 100;

export class Replayer {
  readonly #options: ReplayerOptions;
  readonly #running = new Set<ReplayStream>();

  constructor(options: ReplayerOptions) {
    this.#options = options;
  }

  /** Starts one or several replays, and resolves to their exchanges. Rejects with `BadCall`. */
  async replay(captured: KeptExchange, { count = 1, edit = {} }: ReplayRequest): Promise<ReplayResult> {
    this.#checkRoom(count);
    const { capture, masks, tunnels } = this.#options;
    const tunnel = tunnels.get(captured.tunnel);
    replayedRequest(captured, edit, { assertion: undefined, masks }); // what cannot be sent is said before the edge is asked
    const assertion = await this.#fresh(captured, tunnel);
    this.#checkRoom(count); // others may have begun meanwhile
    tunnels.get(captured.tunnel, tunnel); // and it may have ended, or another one have its name
    const ids: string[] = [];
    for (let done = 0; done < count; done++) {
      const stream = new ReplayStream(replayedRequest(captured, edit, { assertion, masks }));
      this.#running.add(stream);
      void stream.ended.then(() => this.#running.delete(stream));
      const begun = capture.replaying(captured.id, () => tunnel.serve(stream));
      if (begun !== undefined) ids.push(begun.id);
    }
    return { ids };
  }

  close(): void {
    for (const stream of this.#running) stream.leave();
  }

  #checkRoom(count: number): void {
    if (this.#running.size + count > MAX_RUNNING)
      throw new BadCall('Too many replays are running: wait until some of them have ended.', BUSY);
  }

  async #fresh(captured: KeptExchange, tunnel: InspectedTunnel): Promise<string | undefined> {
    const assertion = assertionOf(captured);
    if (assertion === undefined) return undefined;
    return tunnel.renew(assertion).catch((error: Error) => {
      throw new BadCall(`The request cannot be repeated as the same person: ${error.message}`, NOT_RENEWED);
    });
  }
}

const BUSY = { status: 429, code: 'ERR_BUSY' };
const NOT_RENEWED = { status: 502, code: 'ERR_NOT_RENEWED' };
