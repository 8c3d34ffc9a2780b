/**
 * The inspector of one agent: what passes through its tunnel is captured, and a server on this machine shows it to the developer.
 * Loaded when the tunnel is up, by what runs the agent.
 */
import { fileURLToPath } from 'node:url';
import type { InboundStream } from '../../http/exchange.js';
import { Capture } from './capture.js';
import { EventStream } from './event-stream.js';
import { exchangeRoutes } from './exchange-routes.js';
import { Exchanges, type ExchangesLimits } from './exchanges.js';
import { type LiveSource, NO_LIVE_SOURCE } from './live.js';
import { Masks } from './masks.js';
import { PageFiles } from './page-files.js';
import { peopleRoutes } from './people-routes.js';
import { programRoutes } from './program-routes.js';
import { Replayer } from './replay.js';
import { replayRoutes } from './replay-routes.js';
import { type Call, jsonReply, NO_CONTENT, type Reply, switchField } from './reply.js';
import type { Route } from './route.js';
import { InspectorServer } from './server.js';
import type { TunnelInfo } from './wire.js';

export { requestsByPerson } from './people-count.js';

export interface InspectorOptions {
  readonly capture: Capture;
  readonly host: string;
  readonly port: number;
  /** The port was not asked for: the next free one is as good. */
  readonly isAnyPort: boolean;
  /** Headers whose values are secret, besides those that are anywhere. */
  readonly redactedHeaders: readonly string[];
  readonly tunnels: () => readonly TunnelInfo[];
  /** The server that a path leads to; the tunnel's target unless given. */
  readonly targetOf?: ((path: string) => string) | undefined;
  /** Makes the agent serve a replayed request. */
  readonly serve: (stream: InboundStream) => void;
  /** A fresh assertion for one that the edge has signed. */
  readonly renew: (assertion: string) => Promise<string>;
  readonly live?: LiveSource | undefined;
  readonly version: string;
  /** Where the page was built. */
  readonly pageFolder?: string;
}

// Of agents that run at once on one machine.
const ALTERNATIVE_PORTS = 50;
// What a replay's body needs in base64 in JSON, and the rest of the edit.
const EDIT_BYTES = 262_144;

/** What captures the traffic of an agent. `linkMs` is the last known round trip between edge and agent. */
export function createCapture(limits: ExchangesLimits, linkMs: () => number | undefined): Capture {
  return new Capture(new Exchanges(limits), linkMs);
}

export class Inspector {
  readonly #options: InspectorOptions;
  readonly #events: EventStream;
  readonly #server: InspectorServer;
  readonly #replayer: Replayer;

  constructor(options: InspectorOptions) {
    this.#options = options;
    const { capture, host, port, isAnyPort, tunnels, live = NO_LIVE_SOURCE, version, serve, renew } = options;
    const masks = new Masks(options.redactedHeaders);
    this.#replayer = new Replayer({ capture, masks, serve, renew });
    this.#events = new EventStream(capture.exchanges, () => tunnels()[0]?.name ?? '');
    const targetOf = options.targetOf ?? (() => tunnels()[0]?.target ?? '');
    const shared = { capture, masks, tunnels, targetOf, version, replayer: this.#replayer };
    this.#server = new InspectorServer({
      host,
      port,
      alternatives: isAnyPort ? ALTERNATIVE_PORTS : 0,
      routes: [
        ...exchangeRoutes(shared),
        ...replayRoutes(shared),
        ...programRoutes(shared),
        ...peopleRoutes(live),
        ...this.#pauseRoutes(),
      ],
      events: this.#events,
      page: new PageFiles(options.pageFolder ?? fileURLToPath(new URL('../../inspector', import.meta.url))),
      maxBodyBytes: Math.ceil(capture.exchanges.bodyBytes * 1.5) + EDIT_BYTES,
    });
  }

  get origin(): string {
    return this.#server.origin;
  }

  get key(): string {
    return this.#server.key;
  }

  /** Rejects with the system's error when there is no port. */
  async listen(): Promise<void> {
    await this.#server.listen();
  }

  /** The tunnel has gone offline, or is online again. */
  statusChanged(): void {
    const { tunnels, capture } = this.#options;
    this.#events.emit('status', { tunnels: tunnels(), paused: capture.isPaused });
  }

  peopleChanged(): void {
    this.#events.emit('people', { people: this.#options.live?.people() ?? [] });
  }

  knocksChanged(): void {
    this.#events.emit('knocks', { knocks: this.#options.live?.knocks() ?? [] });
  }

  close(): void {
    this.#replayer.close();
    this.#server.close();
  }

  #pauseRoutes(): Route[] {
    const { capture } = this.#options;
    const pause = async (call: Call): Promise<Reply> => {
      capture.isPaused = switchField(await call.fields(), 'paused');
      this.statusChanged();
      return NO_CONTENT;
    };
    const status = () => jsonReply({ tunnels: this.#options.tunnels(), paused: capture.isPaused });
    return [
      { method: 'POST', path: '/api/pause', demand: 'key', serve: pause },
      { method: 'GET', path: '/api/pause', demand: 'key', serve: status },
    ];
  }
}
