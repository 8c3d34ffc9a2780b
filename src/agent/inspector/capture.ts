/** Captures what passes through the tunnels of this process: each request begins an exchange, unless capture is paused. */
import type { RequestHead } from '../../http/exchange.js';
import type { ExchangeTap, Tap } from '../target/tap.js';
import type { Captured } from './captured.js';
import type { Exchanges } from './exchanges.js';
import type { InspectedTunnel, TunnelName } from './inspected-tunnels.js';

export class Capture {
  isPaused = false;
  readonly exchanges: Exchanges;
  #replay: { readonly of: string; begun: Captured | undefined } | undefined;

  constructor(exchanges: Exchanges) {
    this.exchanges = exchanges;
  }

  /** What captures the traffic of one tunnel. */
  tapOf(tunnel: InspectedTunnel): Tap {
    const { name, url } = tunnel.info();
    const place = { name, url };
    return { request: (head) => this.#request(head, place, tunnel.roundTripMs) };
  }

  #request(head: RequestHead, tunnel: TunnelName, roundTripMs: number | undefined): ExchangeTap | undefined {
    if (this.isPaused && this.#replay === undefined) return undefined;
    const replay = this.#replay;
    const linkMs = replay === undefined ? roundTripMs : undefined;
    const captured = this.exchanges.begin({ tunnel, head, replayOf: replay?.of, linkMs });
    if (replay !== undefined) replay.begun = captured;
    return captured;
  }

  /** What `serve` makes the agent serve, at once, is a replay of an exchange. Returns the exchange that it begins. */
  replaying(of: string, serve: () => void): Captured | undefined {
    const replay = { of, begun: undefined as Captured | undefined };
    this.#replay = replay;
    try {
      serve();
    } finally {
      this.#replay = undefined;
    }
    return replay.begun;
  }
}
