/** A tunnel as the program that has opened it sees it: its state, its events, and who may come in. */
import { EventEmitter } from 'node:events';
import type { Agent, AgentEvents } from '../agent/agent.js';
import type { RequestRecord } from '../agent/target/request-record.js';
import type { ApiClient } from '../cli/process/api-client.js';
import type { EdgeConnection } from '../cli/process/edge-connection.js';
import { checkRule } from '../cli/process/granting.js';
import { duration } from '../config/values.js';
import { asPosternError, PosternError } from '../errors.js';
import { asLibraryError } from './errors.js';
import { type Knock, KnockList } from './knock-list.js';

/** What a tunnel emits, with the arguments of its listeners. */
export interface TunnelEvents {
  /** The tunnel can be reached again at `url`. (`openTunnel` resolves with the first time.) */
  online: [url: string];
  /** There is no link to the edge; the next attempt follows in `retryInMs`. */
  offline: [error: PosternError, retryInMs: number];
  /** After the response to each request; for a WebSocket when it was accepted. */
  request: [record: RequestRecord];
  /** A person who was refused asks to be let in: once each. */
  knock: [knock: Knock];
  /** Who is there, by address, whenever that changes. */
  people: [emails: readonly string[]];
  /** A sentence about what to change at the target or the sign-in. */
  hint: [text: string];
  /** Once, at the end: with the refusal of the edge, or nothing after `close`. */
  closed: [refusal: PosternError | undefined];
}

export type TunnelStatus = 'offline' | 'online' | 'closed';

/** Access that was given. */
export interface Access {
  /** In canonical spelling. */
  readonly rule: string;
  /** Undefined for access until it is taken back. */
  readonly expiresAt: Date | undefined;
}

/** An open tunnel. Its events are typed: `tunnel.on('request', (record) => …)`. */
export interface Tunnel extends EventEmitter<TunnelEvents> {
  /** The origin of the edge, which signs for the visitors: `postern({ edge: tunnel.edge, tunnel: tunnel.url })`. */
  readonly edge: string;
  /** The public URL, `https://demo.tunnel.acme.com`. */
  readonly url: string;
  /** The first label of its host. */
  readonly name: string;
  readonly status: TunnelStatus;
  /** Resolves when the tunnel was closed; rejects with the refusal of the edge that has ended it. */
  readonly ended: Promise<void>;
  /** Lets a person (`bob@x.com`) or all whom a rule names (`@acme.com`, `group:eng`) in, for a time such as `8h`. */
  allow(rule: string, options?: { readonly for?: string }): Promise<Access>;
  /** Shuts a person out at once, or takes back another rule. Resolves to whether that has changed anything. */
  revoke(rule: string): Promise<boolean>;
  /** Takes no new requests, gives running ones ten seconds, and ends. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TunnelParts {
  /** Starts the agent, which reports to `events`. */
  readonly start: (events: AgentEvents) => Agent;
  readonly api: ApiClient;
  readonly connection: EdgeConnection;
  /** Callbacks of the program, which miss nothing from before the first listener. */
  readonly events: Partial<AgentEvents>;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

// The longest wait of a timer in Node.
const MAX_TIMER_MS = 2 ** 31 - 1;

export class RunningTunnel extends EventEmitter<TunnelEvents> implements Tunnel {
  /** Resolves with the URL; rejects with what has prevented that for the time limit, or for good. */
  readonly opened: Promise<string>;
  readonly ended: Promise<void>;
  readonly #parts: TunnelParts;
  readonly #agent: Agent;
  readonly #stop = new AbortController();
  readonly #knocks: KnockList;
  #url = '';
  #status: TunnelStatus = 'offline';
  #failure: PosternError | undefined;
  #isFollowing = false;

  constructor(parts: TunnelParts) {
    super();
    this.#parts = parts;
    this.#knocks = new KnockList(parts.api, () => this.name);
    this.#agent = parts.start({
      online: (url) => this.#online(url),
      offline: (error, retryInMs) => this.#offline(error, retryInMs),
      request: (record) => this.#tell(() => parts.events.request?.(record), 'request', record),
      hint: (text) => this.hint(text),
    });
    parts.connection.keepFresh(() => this.#agent.redial());
    this.opened = this.#open(parts);
    this.ended = this.#agent.ended.then(
      () => this.#closed(undefined),
      (error: unknown) => {
        this.#closed(asPosternError(error));
        throw error;
      },
    );
    // Both reject with what the program learns by its event, or by `openTunnel`.
    for (const promise of [this.opened, this.ended]) promise.catch(() => undefined);
    (this as EventEmitter).on('newListener', (event) => this.#follow([event]));
  }

  get edge(): string {
    return this.#parts.connection.edge;
  }

  get url(): string {
    return this.#url;
  }

  get name(): string {
    return new URL(this.#url).hostname.split('.', 1)[0] ?? '';
  }

  get status(): TunnelStatus {
    return this.#status;
  }

  async allow(rule: string, { for: forText }: { readonly for?: string } = {}): Promise<Access> {
    const [problem] = forText === undefined ? [] : duration.read(forText).problems;
    if (problem !== undefined) throw new PosternError('ERR_CONFIG_INVALID', `for: ${problem}.`);
    return translated(async () => {
      checkRule(rule);
      const terms = { effect: 'allow', ...(forText !== undefined && { for: forText }) } as const;
      const { rule: granted, expires_at: end } = await this.#parts.api.grant(this.name, rule, terms);
      return { rule: granted, expiresAt: end === null ? undefined : new Date(end) };
    });
  }

  revoke(rule: string): Promise<boolean> {
    return translated(async () => {
      if (checkRule(rule) !== 'email') return this.#parts.api.takeBack(this.name, rule);
      await this.#parts.api.grant(this.name, rule, { effect: 'deny' });
      return true;
    });
  }

  async close(): Promise<void> {
    this.#release();
    await this.#agent.close();
    await this.ended.catch(() => undefined); // `closed` has told it
  }

  /** Ends at once; running requests fail. */
  destroy(): void {
    this.#release();
    this.#agent.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  hint(text: string): void {
    this.#tell(() => this.#parts.events.hint?.(text), 'hint', text);
  }

  async #open({ signal, timeoutMs }: TunnelParts): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    let aborted = () => {};
    const given = new Promise<never>((_, reject) => {
      const late = () => reject(this.#failure ?? new PosternError('ERR_LINK_LOST', 'the edge does not respond'));
      if (timeoutMs <= MAX_TIMER_MS) timer = setTimeout(late, timeoutMs);
      aborted = () => reject(signal?.reason);
    });
    signal?.addEventListener('abort', aborted, { once: true, signal: this.#stop.signal });
    signal?.addEventListener('abort', () => void this.close(), { once: true, signal: this.#stop.signal });
    return Promise.race([this.#agent.online, given]).finally(() => clearTimeout(timer));
  }

  #online(url: string): void {
    this.#url = url;
    this.#status = 'online';
    this.#tell(() => this.#parts.events.online?.(url), 'online', url);
    this.#follow(this.eventNames());
  }

  #offline(error: PosternError, retryInMs: number): void {
    this.#failure = error;
    this.#status = 'offline';
    this.#tell(() => this.#parts.events.offline?.(error, retryInMs), 'offline', error, retryInMs);
  }

  #closed(refusal: PosternError | undefined): void {
    this.#release();
    this.#status = 'closed';
    this.#tell(() => {}, 'closed', refusal);
  }

  #release(): void {
    this.#stop.abort();
    this.#parts.connection.close();
  }

  /** Only for a program that wants to know: it costs a connection. */
  #follow(events: readonly (string | symbol)[]): void {
    const isWanted = events.some((event) => event === 'knock' || event === 'people');
    if (!isWanted || this.#isFollowing || this.#url === '' || this.#stop.signal.aborted) return;
    this.#isFollowing = true;
    void this.#knocks.follow(this.#stop.signal, {
      knock: (knock) => this.#tell(() => {}, 'knock', knock),
      people: (emails) => this.#tell(() => {}, 'people', emails),
    });
  }

  // What a listener throws is the program's, and must not look like a failure of the link or a request.
  #tell<Name extends keyof TunnelEvents>(callback: () => void, name: Name, ...values: TunnelEvents[Name]): void {
    try {
      callback();
      (this as EventEmitter).emit(name, ...values);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw asLibraryError(error);
  }
}
