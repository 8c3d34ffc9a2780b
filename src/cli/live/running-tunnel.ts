/** One running tunnel of this process: its agent, what it shows, and who is let in while it runs. */
import { type Agent, startAgent } from '../../agent/agent.js';
import type { AgentConfig } from '../../config/agent-config.js';
import type { Shown } from '../output/display.js';
import type { Asker } from '../output/people-lines.js';
import type { TunnelView } from '../output/tunnel-view.js';
import { ApiClient } from '../process/api-client.js';
import { clockTime, lifetimeOver } from '../process/lifetime.js';
import { differences } from './differences.js';
import { KnockNotifier } from './knock-notifier.js';
import { LiveAccess } from './live-access.js';
import type { Shared } from './shared.js';
import { TunnelInspection } from './tunnel-inspection.js';

/** How a tunnel ended by itself. */
export type TunnelEnd = { readonly kind: 'over' } | { readonly kind: 'failed'; readonly error: unknown };

export interface TunnelStart {
  readonly config: AgentConfig;
  /** Undefined leaves the choice to the edge. */
  readonly name: string | undefined;
  readonly label?: Shown['label'];
}

export class RunningTunnel {
  /** Resolves when its time is over, or with what ended it; never after `close`. */
  readonly ended: Promise<TunnelEnd>;
  readonly view: TunnelView;
  readonly #shared: Shared;
  readonly #agent: Agent;
  readonly #inspection: TunnelInspection | undefined;
  #config: AgentConfig;
  #live: LiveAccess | undefined;

  /** Throws `ERR_CONFIG_INVALID` for options that cannot work. */
  constructor(shared: Shared, { config, name, label }: TunnelStart) {
    this.#shared = shared;
    this.#config = config;
    const {
      logLevel: _log,
      isSignedIn: _signedIn,
      onKnock: _onKnock,
      forMs,
      notify: _notify,
      inspect: _inspect,
      ...options
    } = config;
    const endsAtMs = forMs === undefined ? undefined : Date.now() + forMs;
    this.view = shared.display.view({ ...config, endsAtMs, limits: limitsOf(config, endsAtMs), label });
    const { token, log, httpAgent, inspection } = shared;
    this.#inspection = inspection && new TunnelInspection(inspection, () => this.#config);
    this.#agent = startAgent({
      ...options,
      tap: this.#inspection,
      name,
      token,
      log,
      events: this.#inspection?.watching(this.view) ?? this.view,
      ...(httpAgent === undefined ? {} : { httpAgent }),
    });
    this.ended = Promise.race([endOf(this.#agent), lifetimeOver(forMs).then(() => ({ kind: 'over' }) as const)]);
    this.#agent.online.then(
      (url) => this.#follow(url),
      () => undefined, // `ended` reports it
    );
  }

  redial(): void {
    this.#agent.redial();
  }

  /** Goes on with another configuration, as it is in the file now. Throws `ERR_CONFIG_INVALID` and changes nothing when it is wrong. */
  apply(config: AgentConfig): void {
    const { change, sentences } = differences(this.#config, config);
    this.#agent.change(change);
    this.#config = config;
    this.#inspection?.changed();
    for (const sentence of sentences) this.view.hint(sentence);
  }

  /** Shows nothing more. */
  leave(): void {
    this.#live?.close();
    this.#inspection?.close();
    this.view.close();
  }

  /** Takes no new requests, and resolves when those that run are finished. */
  async close(): Promise<void> {
    this.leave();
    await this.#agent.close();
  }

  #follow(url: string): void {
    const { display, keys, config, token } = this.#shared;
    display.flush(); // a person waits for the URL
    const current = typeof token === 'string' ? async () => token : token;
    const onKnock = () => this.#config.onKnock;
    const live = {
      edge: config.edge,
      token: current,
      url,
      onKnock,
      view: this.view,
      keys,
      inspection: this.#inspection,
    };
    this.#live = new LiveAccess({ ...live, knocked: notifierOf(this.#shared, url, this.view) });
    void this.#live.follow();
    void this.#inspection?.open(this.#agent, url, new ApiClient(config.edge, current));
  }
}

// A close that was asked for is no end by itself.
function endOf(agent: Agent): Promise<TunnelEnd> {
  return new Promise((resolve) => {
    agent.ended.catch((error: unknown) => resolve({ kind: 'failed', error }));
  });
}

/** What tells the person on the desktop of who asks to be let in; undefined where it is off. */
function notifierOf({ display, config }: Shared, url: string, view: TunnelView): ((asker: Asker) => void) | undefined {
  const { notify = process.stdout.isTTY ? 'on' : 'off' } = config;
  if (notify === 'off') return undefined;
  const { screen } = display;
  const ring = screen && ((text: string) => screen.ring(text));
  const failed = (text: string) => view.hint(text);
  const notifier = new KnockNotifier({ tunnel: new URL(url).hostname, env: process.env, ring, failed });
  return (asker) => notifier.knock(asker);
}

/** What a tunnel is limited to, in words. */
function limitsOf({ readOnly, viewers }: AgentConfig, endsAtMs: number | undefined): string[] {
  return [
    ...(readOnly ? ['looking (read-only)'] : []),
    ...(viewers === undefined ? [] : [`${viewers} ${viewers === 1 ? 'person' : 'people'} at once`]),
    ...(endsAtMs === undefined ? [] : [`the time until ${clockTime(endsAtMs)}`]),
  ];
}
