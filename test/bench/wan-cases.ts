/**
 * What a long path does to a tunnel: a download of 100 MB while small requests are asked for, over a link with a
 * round-trip time and a rate, and the same over plain TCP.
 */
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { download } from './download.js';
import type { RequestHeaders } from './driver.js';

/** Where to ask, and how. */
export interface Place {
  readonly origin: string;
  readonly headers: () => Promise<RequestHeaders>;
}

export interface WanMeasured {
  readonly bytesPerSecond: number;
  /** A small request on an idle link. */
  readonly idleMs: number;
  /** The same while the download runs. */
  readonly busyMs: number;
}

const IDLE_SAMPLES = 5;
const BETWEEN_MS = 50;

// By now a download on a clean path has found its rate; of one that takes a second enough is left to ask during it.
const WARM_UP_MS = 300;

/** Downloads `/100m`, for `mostSeconds` at most, and asks for `/1k` all the while on another connection. */
export async function measureWan({ origin, headers }: Place, maxSeconds: number): Promise<WanMeasured> {
  const small = new Agent({ keepAlive: true });
  const head = await headers();
  const ask = async () => timed(() => fetchWhole(`${origin}/1k`, head, small));
  try {
    await ask(); // connects
    const idle: number[] = [];
    for (let count = 0; count < IDLE_SAMPLES; count++) idle.push(await ask());
    const download = new Download(`${origin}/100m`, head, maxSeconds * 1000);
    const busy = await askWhile(ask, download);
    return { bytesPerSecond: await download.bytesPerSecond, idleMs: median(idle), busyMs: median(busy) };
  } finally {
    small.destroy();
  }
}

/** The middle value of those that are there; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

async function askWhile(ask: () => Promise<number>, download: Download): Promise<number[]> {
  await Promise.race([delay(WARM_UP_MS), download.bytesPerSecond]);
  const busy: number[] = [];
  while (!download.over) {
    const elapsedMs = await ask();
    if (!download.over) busy.push(elapsedMs);
    await delay(BETWEEN_MS);
  }
  return busy;
}

/** One download on a connection of its own; broken off when it takes too long. */
class Download {
  readonly bytesPerSecond: Promise<number>;
  over = false;

  constructor(url: string, headers: RequestHeaders, maxMs: number) {
    this.bytesPerSecond = this.#run(url, headers, maxMs).finally(() => {
      this.over = true;
    });
    this.bytesPerSecond.catch(() => {}); // told to whoever awaits it
  }

  async #run(url: string, headers: RequestHeaders, maxMs: number): Promise<number> {
    const startedMs = performance.now();
    const bytes = await download(url, headers, maxMs);
    return bytes / ((performance.now() - startedMs) / 1000);
  }
}

function responseTo(url: string, headers: RequestHeaders, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers }, (response) => {
      if (response.statusCode === 200) resolve(response);
      else reject(new Error(`${url} answered ${response.statusCode}`));
    });
    request.on('error', reject);
  });
}

async function fetchWhole(url: string, headers: RequestHeaders, agent: Agent): Promise<void> {
  for await (const _ of await responseTo(url, headers, agent));
}

async function timed(step: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await step();
  return performance.now() - startedMs;
}
