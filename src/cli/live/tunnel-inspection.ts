/** One tunnel as the inspector sees it: its agent, its servers, and what the edge tells about people. */
import type { Agent, AgentEvents } from '../../agent/agent.js';
import type { InspectedTunnel } from '../../agent/inspector/inspected-tunnels.js';
import type { KnockAnswer, TunnelInfo } from '../../agent/inspector/wire.js';
import type { ExchangeTap, Tap } from '../../agent/target/tap.js';
import type { AgentConfig } from '../../config/agent-config.js';
import type { InboundStream, RequestHead } from '../../http/exchange.js';
import { mountOf } from '../../http/mount-path.js';
import type { ApiClient } from '../process/api-client.js';
import type { ApiKnock, ApiPerson } from '../process/api-types.js';
import type { Inspection } from './inspection.js';

/** A tunnel that is up. */
interface Opened {
  readonly agent: Agent;
  readonly name: string;
  readonly url: string;
  readonly api: ApiClient;
}

export class TunnelInspection implements Tap, InspectedTunnel {
  readonly #inspection: Inspection;
  readonly #servers: () => Pick<AgentConfig, 'target' | 'mounts'>;
  #opened: Opened | undefined;
  #tap: Tap | undefined;
  #isOnline = false;
  #isClosed = false;
  #people: readonly ApiPerson[] = [];
  #knocks: readonly ApiKnock[] = [];

  /** `servers` are those of the tunnel, as they are now. */
  constructor(inspection: Inspection, servers: () => Pick<AgentConfig, 'target' | 'mounts'>) {
    this.#inspection = inspection;
    this.#servers = servers;
  }

  request(head: RequestHead): ExchangeTap | undefined {
    return this.#tap?.request(head);
  }

  /** The tunnel is up for the first time. Never rejects. */
  async open(agent: Agent, url: string, api: ApiClient): Promise<void> {
    this.#opened = { agent, url, api, name: new URL(url).hostname.split('.', 1)[0] ?? '' };
    this.#isOnline = true;
    const tap = await this.#inspection.add(this);
    if (this.#isClosed) this.#inspection.remove(this);
    else this.#tap = tap;
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

  /** It has another target. */
  changed(): void {
    this.#inspection.inspector?.statusChanged();
  }

  /** Who is at the tunnel, and who asks to be let in, as the edge tells it. */
  follow(seen: { readonly people?: readonly ApiPerson[]; readonly knocks?: readonly ApiKnock[] }): void {
    this.#people = seen.people ?? this.#people;
    this.#knocks = seen.knocks ?? this.#knocks;
    if (seen.people !== undefined) this.#inspection.inspector?.peopleChanged();
    if (seen.knocks !== undefined) this.#inspection.inspector?.knocksChanged();
  }

  close(): void {
    this.#isClosed = true;
    this.#tap = undefined;
    this.#inspection.remove(this);
  }

  info(): TunnelInfo {
    const { name = '', url = '' } = this.#opened ?? {};
    return { name, url, target: this.targetOf('/'), online: this.#isOnline };
  }

  targetOf(path: string): string {
    const { target, mounts = {} } = this.#servers();
    const found = mounts[mountOf(path, Object.keys(mounts)) ?? ''] ?? target;
    return found.protocol === 'unix:' ? found.href : found.origin;
  }

  get roundTripMs(): number | undefined {
    return this.#opened?.agent.roundTripMs;
  }

  serve(stream: InboundStream): void {
    this.#opened?.agent.serve(stream);
  }

  async renew(assertion: string): Promise<string> {
    if (this.#opened === undefined) throw new Error('the edge is not known yet.');
    return this.#opened.api.renewAssertion(this.#opened.name, assertion);
  }

  people() {
    return this.#people.map(({ email, since = '' }) => ({ email, since }));
  }

  knocks() {
    return this.#knocks;
  }

  async answer(id: string, { answer, forMs }: KnockAnswer): Promise<void> {
    const duration = forMs === undefined ? {} : { for: `${Math.ceil(forMs / 1000)}s` };
    await this.#opened?.api.answer(this.#opened.name, id, { answer, ...duration });
  }

  #online(isOnline: boolean): void {
    if (this.#isOnline === isOnline) return;
    this.#isOnline = isOnline;
    this.changed();
  }
}
