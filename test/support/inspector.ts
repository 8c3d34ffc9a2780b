/** The inspector of a world's agent as a test reaches it: its address and key, which the agent leaves in a file, and its API. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExchangeDetail, ExchangeList } from '../../src/agent/inspector/wire.js';
import { temporaryFolder } from './temporary-folder.js';
import type { World } from './world.js';

export class InspectorOf {
  readonly #folder = temporaryFolder('inspector');
  #found: { readonly origin: string; readonly key: string } | undefined;

  /** What the world's agent needs for it. */
  get agentEnv(): Record<string, string> {
    return { POSTERN_INSPECT: '127.0.0.1:0', XDG_RUNTIME_DIR: this.#folder };
  }

  /** Resolves when it can be opened. */
  async ready({ agent }: World): Promise<void> {
    await agent.record((line) => line['event'] === 'inspect');
    const folder = join(this.#folder, 'postern');
    const name = readdirSync(folder).find((file) => file.includes(`-${agent.pid}-`)) ?? 'none';
    this.#found = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { origin: string; key: string };
  }

  get origin(): string {
    return this.#opened.origin;
  }

  /** As a person at a terminal sees it. */
  get address(): string {
    return `${this.origin}/#key=${this.#opened.key}`;
  }

  get #opened() {
    if (this.#found === undefined) throw new Error('the inspector is not ready');
    return this.#found;
  }

  /** As a program asks, with the key. */
  async ask(path: string, init: { readonly method?: string; readonly body?: unknown } = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#opened.key}`, 'content-type': 'application/json' };
    const { method = 'GET', body } = init;
    return fetch(`${this.origin}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async list(filter = ''): Promise<ExchangeList> {
    return (await (await this.ask(`/api/exchanges?${new URLSearchParams({ filter })}`)).json()) as ExchangeList;
  }

  async detail(id: string): Promise<ExchangeDetail> {
    return (await (await this.ask(`/api/exchanges/${id}`)).json()) as ExchangeDetail;
  }
}
