/**
 * The agent: keeps one link to the edge up and gives its requests to the target. Dials with jittered waits, at once when
 * the edge drains; a refusal that waiting cannot change ends it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Agent as HttpAgent } from 'node:http';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { target } from '../config/addresses.js';
import { type Log, silentLog } from '../core/log.js';
import { asPosternError, PosternError } from '../errors.js';
import { type AgentLink, dialEdge } from '../link/dial.js';
import { Redial } from './redial.js';
import { type HostHeader, readTargetAddress } from './target/address.js';
import type { RequestRecord } from './target/request-record.js';
import { Target } from './target/target.js';

/** What an agent is told. Only edge, token and target have no default. */
export interface AgentOptions {
  /** The edge's origin, `https://tunnel.acme.com`. */
  readonly edge: string;
  readonly token: string;
  /** The local server: a port, `localhost:5173`, an http(s) origin, or `unix:/run/app.sock`. */
  readonly target: number | string | URL;
  /** The tunnel's name; undefined leaves the choice to the edge. */
  readonly name?: string | undefined;
  /** Allow rules as written; none, the default, lets only the owner in. */
  readonly allow?: readonly string[];
  /** Origins besides the tunnel's own whose pages may cause requests for it; none unless given. */
  readonly allowOrigins?: readonly string[];
  /** Origins besides the tunnel's own whose pages may show it in a frame; none unless given. */
  readonly allowFrames?: readonly string[];
  /** The `Host` that the target sees; `rewrite`, its own, unless given. */
  readonly hostHeader?: HostHeader;
  /** A PEM file with the issuers that the target's certificate may have; on loopback any certificate will do without it. */
  readonly targetCa?: string | undefined;
  /** Believes any certificate of the target, wherever it is. */
  readonly targetInsecure?: boolean | undefined;
  /** Silent unless given. */
  readonly log?: Log;
  /** Whatever of it is of interest. */
  readonly events?: Partial<AgentEvents>;
  /** Carries the connection to the edge, through an HTTPS proxy for instance. */
  readonly httpAgent?: HttpAgent;
}

/** What an agent tells while it runs. */
export interface AgentEvents {
  /** A link is up and the tunnel answers at `url`. */
  online(url: string): void;
  /** No link takes new requests; the next attempt follows in `retryInMs`. */
  offline(error: PosternError, retryInMs: number): void;
  /** After the answer to each request; for a WebSocket when it was accepted. */
  request(record: RequestRecord): void;
  /** A sentence that tells what to change at the target, once each. */
  hint(text: string): void;
}

/** A running agent. */
export interface Agent {
  /** The tunnel's URL, once it answers; rejects with what ended the agent before that. */
  readonly online: Promise<string>;
  /** Resolves when the agent was closed; rejects with the refusal that ended it. */
  readonly ended: Promise<void>;
  /** Takes no new requests, cuts WebSockets and event streams, gives running requests ten seconds and ends. */
  close(): Promise<void>;
  /** Ends at once; running requests fail. */
  destroy(): void;
}

/** What a test may replace. */
export interface AgentSeams {
  readonly dial: typeof dialEdge;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
}

// Long enough for a page, short enough for a person who pressed Ctrl-C.
const CLOSE_GRACE_MS = 10_000;

// A link that lives shorter than this counts as a failed attempt, or an edge that accepts and drops would be hammered.
const STABLE_MS = 5_000;

const SEAMS: AgentSeams = {
  dial: dialEdge,
  wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined), // rejects only because of the signal
  now: () => performance.now(),
};

/**
 * Starts an agent. Throws `ERR_CONFIG_INVALID` when the target is none; dials in the background.
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
  return new LinkKeeper(options, { ...SEAMS, ...seams });
}

class LinkKeeper implements Agent {
  readonly ended: Promise<void>;
  readonly online: Promise<string>;
  readonly #options: AgentOptions;
  readonly #log: Log;
  readonly #events: Partial<AgentEvents>;
  readonly #seams: AgentSeams;
  readonly #target: Target;
  readonly #agentId = randomUUID();
  readonly #redial = new Redial();
  readonly #stop = new AbortController();
  /** The link that takes new requests, and those on which running requests finish. */
  readonly #links = new Set<AgentLink>();
  readonly #resolveOnline: (url: string) => void;

  constructor(options: AgentOptions, seams: AgentSeams) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#events = options.events ?? {};
    this.#seams = seams;
    const trust = { ca: readCa(options.targetCa), insecure: options.targetInsecure };
    const address = readTargetAddress(readTarget(options.target), options.hostHeader ?? 'rewrite', trust);
    this.#target = new Target(address, {
      log: this.#log,
      record: (record) => this.#events.request?.(record),
      hint: (text) => this.#events.hint?.(text),
    });
    void this.#target.probe();
    let resolveFirst: (url: string) => void = () => {};
    const online = new Promise<string>((resolve) => {
      resolveFirst = resolve;
    });
    this.#resolveOnline = resolveFirst;
    this.ended = this.#run().finally(() => this.destroy());
    const endedFirst = this.ended.then(() => {
      throw new PosternError('ERR_LINK_LOST', 'the agent was closed before its tunnel was up');
    });
    this.online = Promise.race([online, endedFirst]);
    // Both tell of one refusal: whoever waits for one of them has been told.
    for (const promise of [this.online, this.ended]) promise.catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const links = [...this.#links];
    const drained = Promise.all(links.map((link) => link.drain()));
    this.#target.closeLongLived();
    const grace = setTimeout(() => this.destroy(), CLOSE_GRACE_MS);
    await drained.finally(() => clearTimeout(grace));
    this.destroy();
    await this.ended.catch(() => undefined); // a refusal is told by `ended` itself
  }

  destroy(): void {
    this.#stop.abort();
    for (const link of this.#links) link.destroy();
    this.#target.close();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#serveUntilClosed(await this.#dial());
      } catch (thrown) {
        if (this.#stop.signal.aborted) break;
        await this.#waitBeforeRedial(thrown);
      }
    }
    await Promise.all([...this.#links].map((link) => link.closed));
  }

  #dial(): Promise<AgentLink> {
    const {
      edge,
      token,
      name,
      allow = [],
      allowOrigins: origins = [],
      allowFrames: frameOrigins = [],
      httpAgent,
    } = this.#options;
    const offer = { token, name, allow, origins, frameOrigins, agentId: this.#agentId };
    return this.#seams.dial(edge, offer, {
      ...(httpAgent !== undefined && { httpAgent }),
      signal: this.#stop.signal,
      onStream: (stream) => this.#target.serve(stream),
    });
  }

  /** Returns when the link drains, throws when it was lost. */
  async #serveUntilClosed(link: AgentLink): Promise<void> {
    const startedMs = this.#seams.now();
    this.#links.add(link);
    const closed = link.closed.then((error) => {
      this.#links.delete(link);
      return error ?? new PosternError('ERR_LINK_LOST', 'the edge closed the link');
    });
    if (this.#stop.signal.aborted) return link.destroy();
    this.#log.info({ url: link.url }, 'link up');
    this.#resolveOnline(link.url);
    this.#events.online?.(link.url);
    await Promise.race([closed, aborted(link.draining)]);
    await nextTurn(); // a lost link drains as well: tell the two apart once both are known
    if (this.#seams.now() - startedMs >= STABLE_MS) this.#redial.reset();
    if (!this.#links.has(link)) throw await closed;
    this.#log.info({ url: link.url }, 'the edge drains the link, dialling anew');
  }

  async #waitBeforeRedial(thrown: unknown): Promise<void> {
    const error = asPosternError(thrown);
    // Anything that is not of the table is a fault of ours or of the options: trying again would not change it.
    if (!error.retryable || !(thrown instanceof PosternError)) throw error;
    const waitMs = this.#redial.next(error.code);
    this.#log.warn({ err: error, code: error.code, waitMs }, 'no link to the edge');
    this.#events.offline?.(error, waitMs);
    await this.#seams.wait(waitMs, this.#stop.signal);
  }
}

/** Throws `ERR_CONFIG_INVALID` for what is no target. */
function readTarget(given: number | string | URL): URL {
  if (given instanceof URL) return given;
  const read = target.safeParse(String(given));
  if (read.success) return read.data;
  throw new PosternError('ERR_CONFIG_INVALID', `target: ${read.error.issues[0]?.message}.`);
}

function readCa(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PosternError('ERR_CONFIG_INVALID', `target_ca: the file cannot be read: ${path}.`, { cause: error });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
