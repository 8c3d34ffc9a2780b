/** Several running tunnels, each of which comes and goes by itself: one that fails for good takes no other down. */
import type { TunnelConfig } from '../../config/tunnels-config.js';
import { PosternError } from '../../errors.js';
import type { Shown } from '../output/display.js';
import { EXIT, reportFailure } from '../process/exit.js';
import { explainRefusal } from './refusals.js';
import { RunningTunnel, type TunnelEnd } from './running-tunnel.js';
import type { Shared } from './shared.js';

const MAX_LABEL_COLUMNS = 24;

export class TunnelSet {
  /** Resolves when the last tunnel has ended by itself. */
  readonly ended: Promise<void>;
  readonly #shared: Shared;
  readonly #isLabelled: boolean;
  readonly #columns: number;
  readonly #running = new Map<string, RunningTunnel>();
  /** Those that have ended by themselves, with what they were. */
  readonly #over = new Map<string, TunnelConfig>();
  /** Those that finish what runs. */
  readonly #closing = new Map<string, Promise<void>>();
  #exitCode: number = EXIT.ok;
  #resolveEnded: () => void = () => {};

  /** Throws `ERR_CONFIG_INVALID` for options that cannot work; then none runs. */
  constructor(shared: Shared, configs: readonly TunnelConfig[]) {
    this.#shared = shared;
    // A program wants to know of which tunnel each line is; a person sees it where there is one.
    this.#isLabelled = configs.length > 1 || shared.display.format === 'json';
    this.#columns = Math.min(MAX_LABEL_COLUMNS, Math.max(...configs.map(({ name }) => name.length)));
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    for (const config of configs) this.#start(config, this.#isLabelled);
  }

  /** Of those that have failed for good the worst; zero without any. */
  get exitCode(): number {
    return this.#exitCode;
  }

  redial(): void {
    for (const tunnel of this.#running.values()) tunnel.redial();
  }

  /** Goes on with what the files say now: new tunnels start, those that are gone end, and others change. */
  apply(configs: readonly TunnelConfig[]): void {
    const names = new Set(configs.map(({ name }) => name));
    for (const [name, tunnel] of this.#running) if (!names.has(name)) this.#remove(name, tunnel);
    for (const name of this.#over.keys()) if (!names.has(name)) this.#over.delete(name);
    for (const config of configs) this.#applyOne(config);
  }

  /** Shows nothing more. */
  leave(): void {
    for (const tunnel of this.#running.values()) tunnel.leave();
  }

  /** Takes no new requests, and resolves when those that run are finished. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((tunnel) => tunnel.close()));
    await Promise.all(this.#closing.values());
  }

  #applyOne(config: TunnelConfig): void {
    const { name } = config;
    const running = this.#running.get(name);
    try {
      if (running !== undefined) running.apply(config);
      else if (!isSame(this.#over.get(name), config)) this.#startLater(config);
    } catch (error) {
      this.#shared.display.hint(`${name} stays as it was: ${(error as Error).message}`);
    }
  }

  // Its former agent holds the name until it has ended.
  #startLater(config: TunnelConfig): void {
    this.#over.delete(config.name);
    const closing = this.#closing.get(config.name);
    if (closing === undefined) this.#start(config, true);
    else void closing.then(() => this.#applyOne(config));
  }

  #start(config: TunnelConfig, isLabelled: boolean): void {
    const { name } = config;
    const label: Shown['label'] = isLabelled ? { text: name, columns: Math.max(this.#columns, 1) } : undefined;
    const tunnel = new RunningTunnel(this.#shared, { config, name, label });
    this.#running.set(name, tunnel);
    void tunnel.ended.then((end) => this.#ended(config, tunnel, end));
  }

  #ended(config: TunnelConfig, tunnel: RunningTunnel, end: TunnelEnd): void {
    if (this.#running.get(config.name) !== tunnel) return;
    this.#over.set(config.name, config);
    if (end.kind === 'over') tunnel.view.over('the time of this tunnel (for) is over');
    else this.#failed(config, tunnel, end.error);
    this.#close(config.name, tunnel);
    if (this.#running.size === 0) void this.#closing.get(config.name)?.then(this.#resolveEnded);
  }

  #failed(config: TunnelConfig, tunnel: RunningTunnel, error: unknown): void {
    const explained = explainRefusal(error, config);
    const isRefused = error instanceof PosternError && explained instanceof Error;
    if (isRefused) tunnel.view.refused(error, explained.message);
    this.#exitCode = isRefused ? EXIT.refused : reportFailure(error);
  }

  #remove(name: string, tunnel: RunningTunnel): void {
    tunnel.view.over('it is no longer in the file');
    this.#close(name, tunnel);
  }

  #close(name: string, tunnel: RunningTunnel): void {
    this.#running.delete(name);
    const closed = tunnel.close().finally(() => this.#closing.delete(name));
    this.#closing.set(name, closed);
  }
}

function isSame(one: TunnelConfig | undefined, other: TunnelConfig): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
