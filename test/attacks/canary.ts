/** A visitor who asks ten times a second, on a connection that is kept and now and then on a new one, and counts. */
import { setTimeout as delay } from 'node:timers/promises';
import { rawExchange, type Visitor } from '../support/visitor.js';
import type { World } from '../support/world.js';
import { Tally } from './attack.js';

const INTERVAL_MS = 100;
const NEW_EVERY = 10;
const MAX_MS = 30_000; // longer is not served

export class Canary {
  /** Requests on the kept connection, and on new ones, by status. */
  readonly kept = new Tally();
  readonly fresh = new Tally();
  worstMs = 0;
  readonly #world: World;
  readonly #ana: Visitor;

  constructor(world: World, ana: Visitor) {
    this.#world = world;
    this.#ana = ana;
  }

  /** Asks until the signal, and waits for the last response. */
  async sing(over: AbortSignal): Promise<void> {
    for (let count = 0; !over.aborted; count++) {
      const startMs = performance.now();
      if (count % NEW_EVERY === 0) this.fresh.add(await this.#askAnew());
      else this.kept.add(await this.#ask());
      this.worstMs = Math.max(this.worstMs, performance.now() - startMs);
      await delay(INTERVAL_MS);
    }
  }

  /** What was not served. */
  judge(isFreshExcused: boolean): string[] {
    const rows = [...this.kept, ...(isFreshExcused ? [] : this.fresh)];
    return rows.filter(([status]) => status !== '200').map(([status, count]) => `the canary heard ${status} ${count}x`);
  }

  async #ask(): Promise<string> {
    const asked = this.#ana.fetch(`${this.#world.url}/canary`, { signal: AbortSignal.timeout(MAX_MS) });
    return asked.then(({ status }) => String(status), String);
  }

  async #askAnew(): Promise<string> {
    const { url, port } = this.#world;
    const own = `Host: ${new URL(url).host}\r\nCookie: ${this.#ana.jar.header(new URL(url))}\r\n`;
    const heard = await rawExchange(port, `GET /canary HTTP/1.1\r\n${own}Connection: close\r\n\r\n`);
    return /^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 'a new connection was closed';
  }
}
