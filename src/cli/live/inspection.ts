/**
 * The inspector beside a running tunnel: opened when the tunnel is up, so that the URL need not wait for it, and fed with what the
 * edge tells about people. That it cannot be opened is said, and ends nothing.
 */
import type { Agent, AgentEvents } from '../../agent/agent.js';
import type { Inspector } from '../../agent/inspector/inspector.js';
import type { LiveSource } from '../../agent/inspector/live.js';
import type { KnockAnswer } from '../../agent/inspector/wire.js';
import type { ExchangeTap, Tap } from '../../agent/target/tap.js';
import { addressText } from '../../config/addresses.js';
import type { AgentConfig } from '../../config/agent-config.js';
import type { InspectConfig } from '../../config/inspect.js';
import type { RequestHead } from '../../http/exchange.js';
import { mountOf } from '../../http/mount-path.js';
import type { ApiClient } from '../process/api-client.js';
import type { ApiKnock, ApiPerson } from '../process/api-types.js';
import { readVersion } from '../process/version.js';

export interface InspectionOptions extends InspectConfig {
  /** The servers of the tunnel, as they are now. */
  readonly servers: () => Pick<AgentConfig, 'target' | 'mounts'>;
  readonly view: {
    /** The inspector is open at this address; the one with the key is for a person alone. */
    inspect(address: { readonly origin: string; readonly withKey: string }): void;
    hint(text: string): void;
  };
}

export class Inspection implements Tap, LiveSource {
  readonly #options: InspectionOptions;
  #tap: Tap | undefined;
  #inspector: Inspector | undefined;
  #unpublish: () => void = () => {};
  #url = '';
  #isOnline = false;
  #api: ApiClient | undefined;
  #people: readonly ApiPerson[] = [];
  #knocks: readonly ApiKnock[] = [];
  #countRequests: () => ReadonlyMap<string, number> = () => new Map();
  #isClosed = false;

  constructor(options: InspectionOptions) {
    this.#options = options;
  }

  /** The address with the key, once the inspector is open. */
  get address(): string | undefined {
    return this.#inspector && `${this.#inspector.origin}/#key=${this.#inspector.key}`;
  }

  request(head: RequestHead): ExchangeTap | undefined {
    return this.#tap?.request(head);
  }

  /** Opens the inspector. Never rejects. */
  async open(agent: Agent, url: string, api: ApiClient): Promise<void> {
    this.#url = url;
    this.#isOnline = true;
    this.#api = api;
    try {
      await this.#open(agent);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason = code === 'EADDRINUSE' ? 'the address is taken' : (error as Error).message;
      this.#options.view.hint(
        `there is no inspector at ${addressText(this.#options)}: ${reason}; --inspect chooses another`,
      );
    }
  }

  /** The same events, of which the inspector learns whether the tunnel is online. */
  watching(events: AgentEvents): AgentEvents {
    return {
      online: (url) => {
        this.#online(true);
        events.online(url);
      },
      offline: (error, retryInMs) => {
        this.#online(false);
        events.offline(error, retryInMs);
      },
      request: (record) => events.request(record),
      hint: (text) => events.hint(text),
    };
  }

  #online(isOnline: boolean): void {
    if (this.#isOnline === isOnline) return;
    this.#isOnline = isOnline;
    this.#inspector?.statusChanged();
  }

  /** Who is at the tunnel, and who asks to be let in, as the edge tells it. */
  follow(seen: { readonly people?: readonly ApiPerson[]; readonly knocks?: readonly ApiKnock[] }): void {
    this.#people = seen.people ?? this.#people;
    this.#knocks = seen.knocks ?? this.#knocks;
    if (seen.people !== undefined) this.#inspector?.peopleChanged();
    if (seen.knocks !== undefined) this.#inspector?.knocksChanged();
  }

  people() {
    const counts = this.#countRequests();
    const tunnel = this.#name;
    return this.#people.map(({ email, since = '' }) => ({ email, since, tunnel, requests: counts.get(email) ?? 0 }));
  }

  knocks() {
    return this.#knocks.map(({ id, email, message, at }) => ({ id, email, message, at, tunnel: this.#name }));
  }

  async answer(id: string, { answer, forMs }: KnockAnswer): Promise<void> {
    const duration = forMs === undefined ? {} : { for: `${Math.ceil(forMs / 1000)}s` };
    await this.#api?.answer(this.#name, id, { answer, ...duration });
  }

  close(): void {
    this.#isClosed = true;
    this.#unpublish();
    this.#inspector?.close();
  }

  /** The server that a path leads to. */
  #targetOf(path: string): string {
    const { target, mounts = {} } = this.#options.servers();
    const found = mounts[mountOf(path, Object.keys(mounts)) ?? ''] ?? target;
    return found.protocol === 'unix:' ? found.href : found.origin;
  }

  get #name(): string {
    return new URL(this.#url).hostname.split('.', 1)[0] ?? '';
  }

  async #open(agent: Agent): Promise<void> {
    const { host, port, isAnyPort, redactedHeaders, maxBytes, bodyBytes, view } = this.#options;
    // Here: the tunnel is up before any of it is loaded.
    const { createCapture, Inspector: Opened, requestsByPerson } = await import('../../agent/inspector/inspector.js');
    const { publishInspector } = await import('../process/inspector-files.js');
    const capture = createCapture({ maxBytes, bodyBytes }, () => agent.roundTripMs);
    this.#countRequests = () => requestsByPerson(capture.exchanges);
    const tunnels = () => [{ name: this.#name, url: this.#url, target: this.#targetOf('/'), online: this.#isOnline }];
    const inspector = new Opened({
      ...{ capture, host, port, isAnyPort, redactedHeaders, tunnels },
      targetOf: (path) => this.#targetOf(path),
      live: this,
      serve: (stream) => agent.serve(stream),
      renew: async (assertion) => this.#renew(assertion),
      version: readVersion(),
    });
    await inspector.listen();
    if (this.#isClosed) return inspector.close();
    this.#tap = capture;
    this.#inspector = inspector;
    const { origin, key } = inspector;
    this.#unpublish = publishInspector({
      origin,
      key,
      tunnel: this.#name,
      url: this.#url,
      target: this.#targetOf('/'),
    });
    view.inspect({ origin, withKey: `${origin}/#key=${key}` });
  }

  async #renew(assertion: string): Promise<string> {
    if (this.#api === undefined) throw new Error('the edge is not known yet.');
    return this.#api.renewAssertion(this.#name, assertion);
  }
}
