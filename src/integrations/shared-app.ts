/**
 * The tunnel of an app that a dev server serves. A dev server that restarts is another one of the same app: the tunnel stays
 * with the app while one of its servers listens or is about to, and is opened once. What fails is told, and stops no server.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '../config/text.js';
import { asPosternError } from '../errors.js';
import type { Knock } from './knock-list.js';
import { startTunnel, type TunnelOptions } from './open-tunnel.js';
import type { RunningTunnel } from './tunnel.js';

/** Options of `openTunnel` that two starts of a dev server can be compared by. */
export type AppOptions = Omit<TunnelOptions, 'target' | 'signal' | 'timeoutMs' | 'events' | 'log' | 'httpAgent'>;

/** Where sentences for the developer go. */
export interface AppLog {
  info(line: string): void;
  warn(line: string): void;
}

/** A server of the app, as `expect` has made it known. */
export type AppServer = object;

// Between a server that closes and the next one that listens lie milliseconds; one that has failed never listens.
const RESTART_MS = 5_000;

const apps = new Map<string, SharedApp>();

/** The tunnels that close: their names are free afterwards. */
let closing: Promise<unknown> = Promise.resolve();

export class SharedApp {
  readonly #key: string;
  readonly #options: AppOptions;
  readonly #expected = new Set<AppServer>();
  #listening: AppServer | undefined;
  #target: string | undefined;
  #log: AppLog | undefined;
  #tunnel: RunningTunnel | undefined;
  #giveUp: NodeJS.Timeout | undefined;
  #warned = '';
  /** Called with the URL whenever the tunnel has come up. */
  onUrl: (url: string) => void = () => {};

  private constructor(key: string, options: AppOptions) {
    this.#key = key;
    this.#options = options;
  }

  /** The app in a folder that is shared with these options; one for all its servers. */
  static of(folder: string, options: AppOptions): SharedApp {
    const key = JSON.stringify([folder, options]);
    const app = apps.get(key) ?? new SharedApp(key, options);
    apps.set(key, app);
    return app;
  }

  /** Resolves when no tunnel is closing. */
  static settled(): Promise<unknown> {
    return closing;
  }

  /** Undefined while it cannot be reached. */
  get url(): string | undefined {
    return this.#tunnel?.status === 'online' ? this.#tunnel.url : undefined;
  }

  /** A server of the app was made, and will listen. */
  expect(): AppServer {
    const server = {};
    this.#expected.add(server);
    return server;
  }

  /** An expected server listens. Resolves when the tunnel is up or has failed, and after `patienceMs` in any case. */
  async listens(server: AppServer, target: string, log: AppLog, patienceMs: number): Promise<void> {
    if (!this.#expected.delete(server)) return; // closed at once
    if (this.#listening !== undefined)
      return log.warn(`postern: this app is shared already (${this.url ?? 'offline'})`);
    this.#listening = server;
    this.#log = log;
    clearTimeout(this.#giveUp);
    if (this.#target === target) return;
    this.#close();
    this.#target = target;
    await Promise.race([this.#open(target), delay(patienceMs, undefined, { ref: false })]);
  }

  /** A server was closed, whether it has listened or not. */
  gone(server: AppServer): void {
    this.#expected.delete(server);
    if (this.#listening === server) this.#listening = undefined;
    if (this.#listening !== undefined) return;
    clearTimeout(this.#giveUp);
    if (this.#expected.size > 0) this.#giveUp = setTimeout(() => this.#end(), RESTART_MS);
    else this.#end();
  }

  #end(): void {
    if (apps.get(this.#key) === this) apps.delete(this.#key);
    this.#close();
  }

  #close(): void {
    const tunnel = this.#tunnel;
    this.#tunnel = undefined;
    this.#target = undefined;
    if (tunnel !== undefined) closing = Promise.all([closing, tunnel.close()]);
  }

  async #open(target: string): Promise<void> {
    await closing;
    try {
      if (this.#target !== target) return; // closed meanwhile
      const tunnel = await startTunnel({
        ...this.#options,
        target,
        timeoutMs: Number.POSITIVE_INFINITY,
        events: {
          online: (url) => this.#online(url),
          offline: (error) => this.#warn(`${reason(error)}; trying again`),
          hint: (text) => this.#warn(text),
        },
      });
      if (this.#target !== target) return tunnel.destroy();
      this.#tunnel = tunnel;
      tunnel.on('knock', (knock) => this.#knocked(knock));
      tunnel.on('closed', (refusal) => refusal !== undefined && this.#failed(target, refusal));
      await tunnel.opened;
    } catch (error) {
      this.#failed(target, error);
    }
  }

  #online(url: string): void {
    this.#warned = '';
    this.onUrl(url);
  }

  /** The next server tries again. */
  #failed(target: string, error: unknown): void {
    if (this.#target !== target) return;
    this.#target = undefined;
    this.#tunnel = undefined;
    this.#warn(`not shared: ${reason(error)}`);
  }

  #knocked({ email, message }: Knock): void {
    const words = message === '' ? '' : `: “${message}”`;
    this.#log?.info(printable(`postern: ${email} asks to be let in${words} (postern allow ${email})`));
  }

  // A link that is lost is dialled several times a second: one cause is told once.
  #warn(text: string): void {
    if (text === this.#warned) return;
    this.#warned = text;
    this.#log?.warn(`postern: ${printable(text)}`);
  }
}

function reason(error: unknown): string {
  const { message, code } = asPosternError(error);
  return `${message} (${code})`;
}
