/** The agent: the servers behind one tunnel, and the links to the edge over which its requests arrive. */
import { randomUUID } from 'node:crypto';
import type { Agent as HttpAgent } from 'node:http';
import { type Log, silentLog } from '../core/log.js';
import { PosternError } from '../errors.js';
import type { InboundStream } from '../http/exchange.js';
import { dialEdge } from '../link/dial.js';
import { MAX_LINKS } from '../link/several-links.js';
import { type Clock, SYSTEM_CLOCK } from './clock.js';
import { Links, type LinksOptions } from './links.js';
import { type Offered, type OfferOptions, offerOf } from './offered.js';
import type { RequestRecord } from './target/request-record.js';
import type { Tap } from './target/tap.js';
import { Targets } from './target/targets.js';
import { addressesOf, isTargetKey, type TargetSettings } from './target-settings.js';

/** The options of an agent. Only edge, token and target are required. */
export interface AgentOptions extends OfferOptions, TargetSettings {
  /** The edge's origin, `https://tunnel.acme.com`. */
  readonly edge: string;
  /** A token, or what gives the one for the next dial; when it rejects, as after a refusal or a loss by its error. */
  readonly token: string | (() => Promise<string>);
  /** The tunnel's name; undefined leaves the choice to the edge. */
  readonly name?: string | undefined;
  /** How many links it may open to an edge of several processes, when it is busy: 1 to 4; 4 unless given. */
  readonly links?: number | undefined;
  /** Silent unless given. */
  readonly log?: Log;
  /** Callbacks, each optional. */
  readonly events?: Partial<AgentEvents>;
  /** Watches what passes between edge and target, and makes the edge say of each request what only it knows. */
  readonly tap?: Tap | undefined;
  /** Carries the connection to the edge, through an HTTPS proxy for instance. */
  readonly httpAgent?: HttpAgent;
}

/** The options that may change while an agent runs. */
export type ChangeableOptions = Partial<OfferOptions & TargetSettings>;

/** What an agent reports while it runs. */
export interface AgentEvents {
  /** A link is up and the tunnel can be reached at `url`. */
  online(url: string): void;
  /** No link takes new requests; the next attempt follows in `retryInMs`. */
  offline(error: PosternError, retryInMs: number): void;
  /** After the response to each request; for a WebSocket when it was accepted. */
  request(record: RequestRecord): void;
  /** A sentence about what to change at the target, once each. */
  hint(text: string): void;
}

/** A running agent. */
export interface Agent {
  /** The tunnel's URL, once it can be reached; rejects with the error that ended the agent before that. */
  readonly online: Promise<string>;
  /** Resolves when the agent was closed; rejects with the edge's refusal that ended it. */
  readonly ended: Promise<void>;
  /** The round trip between agent and edge in milliseconds, as it was measured last; undefined before. */
  readonly roundTripMs: number | undefined;
  /** Serves a request that did not come over the link as if it had. Never throws. */
  serve(stream: InboundStream): void;
  /** Dials once more and moves to the new link, as with a new token; running requests finish on the old one. */
  redial(): void;
  /** Offers other allow rules from now on, with a new link: they count as soon as it is up. */
  setAllow(rules: readonly string[]): void;
  /**
   * Goes on with other options. Another target serves from the next request on, and the link stays; what the edge must know is
   * offered with a new link, as in `setAllow`. Throws `ERR_CONFIG_INVALID` when one of them is not valid, and changes nothing then.
   */
  change(options: ChangeableOptions): void;
  /** Accepts no new requests, cuts WebSockets and event streams, gives running requests ten seconds and ends. */
  close(): Promise<void>;
  /** Ends at once; running requests fail. */
  destroy(): void;
}

/** What a test may replace. */
export interface AgentSeams extends Clock {
  readonly dial: typeof dialEdge;
}

// Long enough for a page, short enough for a person who pressed Ctrl-C.
const CLOSE_GRACE_MS = 10_000;

const SEAMS: AgentSeams = { ...SYSTEM_CLOCK, dial: dialEdge };

/**
 * Starts an agent. Throws `ERR_CONFIG_INVALID` when the target is not valid; dials in the background.
 *
 * ```js
 * const agent = startAgent({ edge: 'https://tunnel.acme.com', token, target: 5173 });
 * console.log(await agent.online);
 * ```
 */
export function startAgent(options: AgentOptions): Agent {
  return startAgentWith(options, {});
}

/** As `startAgent`, for tests. */
export function startAgentWith(options: AgentOptions, seams: Partial<AgentSeams>): Agent {
  return new RunningAgent(options, { ...SEAMS, ...seams });
}

class RunningAgent implements Agent {
  readonly ended: Promise<void>;
  readonly online: Promise<string>;
  readonly #targets: Targets;
  #options: AgentOptions;
  #offer: Offered;
  #roundTripMs: number | undefined;
  readonly #links: Links;

  constructor(options: AgentOptions, seams: AgentSeams) {
    const { log = silentLog, events = {} } = options;
    this.#options = options;
    this.#offer = offerOf(options);
    this.#targets = createTargets(options, log);
    void this.#targets.probe();
    let resolveOnline: (url: string) => void = () => {};
    const online = new Promise<string>((resolve) => {
      resolveOnline = resolve;
    });
    this.#links = new Links(
      {
        log,
        dial: dialler(options, {
          offered: () => this.#offer,
          dial: seams.dial,
          targets: this.#targets,
          measured: this.#measured,
        }),
        online: (url) => {
          resolveOnline(url);
          events.online?.(url);
        },
        offline: (error, retryInMs) => events.offline?.(error, retryInMs),
      },
      seams,
    );
    this.ended = this.#links.ended.finally(() => this.destroy());
    const endedFirst = this.ended.then(() => {
      throw new PosternError('ERR_LINK_LOST', 'the agent was closed before its tunnel was up');
    });
    this.online = Promise.race([online, endedFirst]);
    // Both reject with the same refusal: a caller that awaits one of them has seen it.
    for (const promise of [this.online, this.ended]) promise.catch(() => undefined);
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  serve(stream: InboundStream): void {
    this.#targets.serve(stream);
  }

  async close(): Promise<void> {
    const drained = this.#links.drain();
    this.#targets.closeLongLived();
    const grace = setTimeout(() => this.destroy(), CLOSE_GRACE_MS);
    await drained.finally(() => clearTimeout(grace));
    this.destroy();
    await this.ended.catch(() => undefined); // `ended` itself reports a refusal
  }

  redial(): void {
    this.#links.redial();
  }

  setAllow(rules: readonly string[]): void {
    this.change({ allow: rules });
  }

  change(options: ChangeableOptions): void {
    const changed = { ...this.#options, ...options };
    const offer = offerOf(changed);
    const addresses = Object.keys(options).some(isTargetKey) ? addressesOf(changed) : undefined;
    this.#options = changed;
    if (addresses !== undefined) {
      this.#targets.replace(addresses);
      void this.#targets.probe();
    }
    if (Object.keys(options).every(isTargetKey)) return;
    this.#offer = offer;
    this.#links.redial();
  }

  destroy(): void {
    this.#links.destroy();
    this.#targets.close();
  }

  readonly #measured = (ms: number) => {
    this.#roundTripMs = ms;
  };
}

function createTargets(options: AgentOptions, log: Log): Targets {
  const { events = {} } = options;
  return new Targets(addressesOf(options), {
    log,
    record: (record) => events.request?.(record),
    hint: (text) => events.hint?.(text),
    tap: options.tap,
  });
}

interface Dialling {
  readonly offered: () => Offered;
  readonly dial: typeof dialEdge;
  readonly targets: Targets;
  /** Is called with each round trip that was measured, in milliseconds. */
  readonly measured: (ms: number) => void;
}

/** Attempts to dial the edge, each with what is offered then. */
function dialler(
  { edge, token, name, links: most = MAX_LINKS, httpAgent, tap }: AgentOptions,
  { offered, dial, targets, measured }: Dialling,
): LinksOptions['dial'] {
  if (!Number.isInteger(most) || most < 1 || most > MAX_LINKS)
    throw new PosternError('ERR_CONFIG_INVALID', `links: expected a whole number from 1 to ${MAX_LINKS}.`);
  const agentId = randomUUID();
  const exchangeDetails = tap !== undefined || undefined;
  return async (slot, signal) => {
    const current = typeof token === 'string' ? token : await token();
    const { terms, ...offer } = offered();
    const links = most > 1 ? { most, slot } : undefined;
    const link = await dial(
      edge,
      { ...offer, token: current, name, agentId, links, terms: { ...terms, exchangeDetails } },
      {
        ...(httpAgent !== undefined && { httpAgent }),
        signal,
        onStream: (stream) => targets.serve(stream),
      },
    );
    link.roundTrip = measured;
    return link;
  };
}
