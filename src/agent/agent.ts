/** The agent: one target, and the link to the edge over which its requests arrive. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Agent as HttpAgent } from 'node:http';
import { target } from '../config/addresses.js';
import type { HostHeader } from '../core/hostname.js';
import { type Log, silentLog } from '../core/log.js';
import { PosternError } from '../errors.js';
import type { InboundStream } from '../http/exchange.js';
import { PUBLIC_PATH_WORDS, parsePublicPath } from '../http/public-path.js';
import { dialEdge } from '../link/dial.js';
import type { Terms } from '../link/terms.js';
import { type Clock, LinkKeeper, type LinkKeeperOptions, SYSTEM_CLOCK } from './link-keeper.js';
import { readTargetAddress, serverAddress, type TargetAddress } from './target/address.js';
import { isServerTarget, ProcessServer, type ServerTarget } from './target/process-server.js';
import type { RequestRecord } from './target/request-record.js';
import type { Tap } from './target/tap.js';
import { Target } from './target/target.js';

/** The options of an agent. Only edge, token and target are required. */
export interface AgentOptions {
  /** The edge's origin, `https://tunnel.acme.com`. */
  readonly edge: string;
  /** A token, or what gives the one for the next dial; when it rejects, as after a refusal or a loss by its error. */
  readonly token: string | (() => Promise<string>);
  /**
   * The local server: a port, `localhost:5173`, an http(s) origin, or `unix:/run/app.sock`; or a server of this process, or its
   * request listener, which then needs no port.
   */
  readonly target: number | string | URL | ServerTarget;
  /** The tunnel's name; undefined leaves the choice to the edge. */
  readonly name?: string | undefined;
  /** Allow rules as written; none, the default, admits only the owner. */
  readonly allow?: readonly string[];
  /** Origins besides the tunnel's own whose pages may cause requests for it; none unless given. */
  readonly allowOrigins?: readonly string[];
  /** Origins besides the tunnel's own whose pages may show it in a frame; none unless given. */
  readonly allowFrames?: readonly string[];
  /** Requests that need no session, such as `POST /webhooks/*`; none unless given. Only where the edge permits it. */
  readonly publicPaths?: readonly string[];
  /** Whether CORS preflights reach the target; not unless given. Only where the edge permits it. */
  readonly preflight?: boolean | undefined;
  /** Whether an access token counts as the Basic password of `postern`, too; not unless given. */
  readonly accessTokenBasic?: boolean | undefined;
  /** Whether visitors may only look (GET, HEAD, OPTIONS); not unless given. */
  readonly readOnly?: boolean | undefined;
  /** How many people may look at once; as many as come unless given. */
  readonly viewers?: number | undefined;
  /** The `Host` that the target sees; unless given, `rewrite` (its own), or `preserve` for a server of this process. */
  readonly hostHeader?: HostHeader;
  /** A PEM file with the trusted issuers of the target's certificate; without it, any certificate is accepted on loopback. */
  readonly targetCa?: string | undefined;
  /** Accepts any certificate of the target, wherever it is. */
  readonly targetInsecure?: boolean | undefined;
  /** Silent unless given. */
  readonly log?: Log;
  /** Callbacks, each optional. */
  readonly events?: Partial<AgentEvents>;
  /** Watches what passes between edge and target, and makes the edge say of each request what only it knows. */
  readonly tap?: Tap | undefined;
  /** Carries the connection to the edge, through an HTTPS proxy for instance. */
  readonly httpAgent?: HttpAgent;
}

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
  readonly #target: Target;
  #allow: readonly string[];
  #roundTripMs: number | undefined;
  readonly #links: LinkKeeper;

  constructor(options: AgentOptions, seams: AgentSeams) {
    const { log = silentLog, events = {} } = options;
    this.#target = createTarget(options, log);
    this.#allow = options.allow ?? [];
    void this.#target.probe();
    let resolveOnline: (url: string) => void = () => {};
    const online = new Promise<string>((resolve) => {
      resolveOnline = resolve;
    });
    this.#links = new LinkKeeper(
      {
        log,
        dial: dialler(options, {
          allow: () => this.#allow,
          dial: seams.dial,
          target: this.#target,
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
    this.#target.serve(stream);
  }

  async close(): Promise<void> {
    const drained = this.#links.drain();
    this.#target.closeLongLived();
    const grace = setTimeout(() => this.destroy(), CLOSE_GRACE_MS);
    await drained.finally(() => clearTimeout(grace));
    this.destroy();
    await this.ended.catch(() => undefined); // `ended` itself reports a refusal
  }

  redial(): void {
    this.#links.redial();
  }

  setAllow(rules: readonly string[]): void {
    this.#allow = rules;
    this.#links.redial();
  }

  destroy(): void {
    this.#links.destroy();
    this.#target.close();
  }

  readonly #measured = (ms: number) => {
    this.#roundTripMs = ms;
  };
}

function createTarget(options: AgentOptions, log: Log): Target {
  const { events = {} } = options;
  return new Target(addressOf(options), {
    log,
    record: (record) => events.request?.(record),
    hint: (text) => events.hint?.(text),
    tap: options.tap,
  });
}

interface Dialling {
  readonly allow: () => readonly string[];
  readonly dial: typeof dialEdge;
  readonly target: Target;
  /** Is called with each round trip that was measured, in milliseconds. */
  readonly measured: (ms: number) => void;
}

// A server of this process has no address and so no host of its own: it sees the public one, unless told otherwise.
function addressOf({ target: given, targetCa, targetInsecure: insecure, hostHeader }: AgentOptions): TargetAddress {
  if (isServerTarget(given)) return serverAddress(new ProcessServer(given), hostHeader ?? 'preserve');
  return readTargetAddress(readTarget(given), hostHeader ?? 'rewrite', { ca: readCa(targetCa), insecure });
}

/** Attempts to dial the edge, all with the same offer but for its rules. */
function dialler(options: AgentOptions, { allow, dial, target, measured }: Dialling): LinkKeeperOptions['dial'] {
  const { edge, token, name, allowOrigins: origins = [], allowFrames: frameOrigins = [] } = options;
  const offer = { name, origins, frameOrigins, terms: termsOf(options), agentId: randomUUID() };
  const { httpAgent } = options;
  return async (signal) => {
    const link = await dial(
      edge,
      { ...offer, allow: allow(), token: typeof token === 'string' ? token : await token() },
      {
        ...(httpAgent !== undefined && { httpAgent }),
        signal,
        onStream: (stream) => target.serve(stream),
      },
    );
    link.roundTrip = measured;
    return link;
  };
}

function termsOf({ publicPaths = [], preflight, accessTokenBasic, readOnly, viewers, tap }: AgentOptions): Terms {
  const paths = publicPaths.map((text) => {
    const path = parsePublicPath(text);
    if (path === undefined)
      throw new PosternError(
        'ERR_CONFIG_INVALID',
        `publicPaths: there is one that is none: expected ${PUBLIC_PATH_WORDS}.`,
      );
    return path;
  });
  const exchangeDetails = tap !== undefined || undefined;
  return { publicPaths: paths, preflight, accessTokenBasic, readOnly, viewers, exchangeDetails };
}

const NOT_A_TARGET = 'expected a port, a URL, or a server of node:http (one of node:https by its URL)';

/** Reads a target as `AgentOptions` has it. Throws `ERR_CONFIG_INVALID`. */
export function readTarget(given: number | string | URL): URL {
  if (given instanceof URL) return given;
  const { value, problems } = typeof given === 'object' ? { problems: [NOT_A_TARGET] } : target.read(String(given));
  if (value !== undefined && problems.length === 0) return value;
  throw new PosternError('ERR_CONFIG_INVALID', `target: ${problems[0]}.`);
}

/** Reads the file of `targetCa`. Throws `ERR_CONFIG_INVALID`. */
export function readCa(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PosternError('ERR_CONFIG_INVALID', `target_ca: the file cannot be read: ${path}.`, { cause: error });
  }
}
