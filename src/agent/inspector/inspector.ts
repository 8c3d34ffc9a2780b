/**
 * The inspector of one process: what passes through its tunnels is captured, and a server on this machine shows it to the developer.
 * Loaded when a tunnel is up, by what runs the agents.
 */
import { fileURLToPath } from 'node:url';
import type { Tap } from '../target/tap.js';
import type { ApiRoutes, ApiRoutesOptions } from './api-routes.js';
import { Capture } from './capture.js';
import { EventStream } from './event-stream.js';
import { Exchanges, type ExchangesLimits } from './exchanges.js';
import { type InspectedTunnel, InspectedTunnels } from './inspected-tunnels.js';
import { knocksAt, peopleAt } from './live.js';
import { PageFiles } from './page-files.js';
import { type Call, jsonReply, NO_CONTENT, type Reply, switchField } from './reply.js';
import type { Route } from './route.js';
import { InspectorServer } from './server.js';

/** What it keeps is bounded for all tunnels together. */
export interface InspectorOptions extends ExchangesLimits {
  readonly host: string;
  readonly port: number;
  /** The port was not asked for: the next free one is as good. */
  readonly isAnyPort: boolean;
  /** Headers whose values are secret, besides those that are anywhere. */
  readonly redactedHeaders: readonly string[];
  readonly version: string;
  /** Where the page was built. */
  readonly pageFolder?: string;
}

// Of processes with tunnels that run at once on one machine.
const ALTERNATIVE_PORTS = 50;
// What a replay's body needs in base64 in JSON, and the rest of the edit.
const EDIT_BYTES = 262_144;

export class Inspector {
  readonly capture: Capture;
  readonly #tunnels = new InspectedTunnels();
  readonly #events: EventStream;
  readonly #server: InspectorServer;
  readonly #apiOptions: ApiRoutesOptions;
  #api: Promise<ApiRoutes> | undefined;

  constructor({ host, port, isAnyPort, redactedHeaders, version, pageFolder, ...limits }: InspectorOptions) {
    const exchanges = new Exchanges(limits);
    this.capture = new Capture(exchanges);
    this.#apiOptions = { capture: this.capture, tunnels: this.#tunnels, redactedHeaders, version };
    this.#events = new EventStream(exchanges);
    this.#server = new InspectorServer({
      host,
      port,
      alternatives: isAnyPort ? ALTERNATIVE_PORTS : 0,
      routes: async () => [...(await this.#openApi()).routes, ...this.#pauseRoutes()],
      events: this.#events,
      page: new PageFiles(pageFolder ?? fileURLToPath(new URL('../../inspector', import.meta.url))),
      maxBodyBytes: Math.ceil(exchanges.bodyBytes * 1.5) + EDIT_BYTES,
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

  /** One more tunnel. Returns what captures its traffic. */
  add(tunnel: InspectedTunnel): Tap {
    this.#tunnels.add(tunnel);
    this.statusChanged();
    return this.capture.tapOf(tunnel);
  }

  /** A tunnel has ended. What was captured of it stays. */
  remove(tunnel: InspectedTunnel): void {
    this.#tunnels.remove(tunnel);
    this.statusChanged();
    this.peopleChanged();
    this.knocksChanged();
  }

  /** A tunnel has gone offline, is online again, or has another target. */
  statusChanged(): void {
    this.#events.emit('status', { tunnels: this.#tunnels.list(), paused: this.capture.isPaused });
  }

  peopleChanged(): void {
    if (this.#events.isRead) this.#events.emit('people', { people: peopleAt(this.#tunnels, this.capture.exchanges) });
  }

  knocksChanged(): void {
    this.#events.emit('knocks', { knocks: knocksAt(this.#tunnels) });
  }

  close(): void {
    void this.#api?.then((api) => api.close());
    this.#server.close();
  }

  #openApi(): Promise<ApiRoutes> {
    this.#api ??= import('./api-routes.js').then(({ openApiRoutes }) => openApiRoutes(this.#apiOptions));
    return this.#api;
  }

  #pauseRoutes(): Route[] {
    const pause = async (call: Call): Promise<Reply> => {
      this.capture.isPaused = switchField(await call.fields(), 'paused');
      this.statusChanged();
      return NO_CONTENT;
    };
    const status = () => jsonReply({ tunnels: this.#tunnels.list(), paused: this.capture.isPaused });
    return [
      { method: 'POST', path: '/api/pause', demand: 'key', serve: pause },
      { method: 'GET', path: '/api/pause', demand: 'key', serve: status },
    ];
  }
}
