/**
 * What an operator's eyes cost the path of a request: an edge whose metrics are read, which traces and logs each request, in turns
 * with one that does none of it. Two processes of one program differ by more than that, so there are several pairs.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Driver } from './driver.js';
import { EYES } from './goals.js';
import { driveInTurns } from './pair.js';
import { Postern } from './postern.js';
import type { Samples } from './samples.js';
import { type Entrance, enter } from './systems.js';
import type { BenchTarget } from './target.js';
import { EYES_OFF, EYES_ON } from './variants.js';

export interface EyesAmount {
  readonly pairs: number;
  /** For each pair. */
  readonly rounds: number;
  /** Of each turn. A bounded number of requests is traced in each second by the clock, and a turn of one second meets two of these. */
  readonly seconds: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
}

// Prometheus asks every 15 seconds unless told otherwise; a short measurement should see it more than once.
const SCRAPE_MS = 5_000;

export async function measureEyes(
  driver: Driver,
  target: BenchTarget,
  amount: EyesAmount,
  samples: Samples,
): Promise<void> {
  const collector = await startCollector();
  const { port } = collector.address() as AddressInfo;
  const edgeEnv = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  for (let pair = 0; pair < amount.pairs; pair++) {
    const [on, off] = [await Postern.start({ logLevel: 'info', edgeEnv }), await Postern.start({ logLevel: 'error' })];
    const scrapes = setInterval(() => void scrape(on), SCRAPE_MS);
    try {
      await measurePair(driver, [await enter(on, target.origin), await enter(off, target.origin)], amount, samples);
    } finally {
      clearInterval(scrapes);
      await Promise.all([on.end(), off.end()]);
    }
  }
  collector.closeAllConnections();
  collector.close();
}

async function measurePair(
  driver: Driver,
  [on, off]: readonly [Entrance, Entrance],
  amount: EyesAmount,
  samples: Samples,
): Promise<void> {
  const entrances = [
    [EYES_ON, on],
    [EYES_OFF, off],
  ] as const;
  await driveInTurns(driver, entrances, amount, {
    turn: (name, { requests, time }) => samples.add(EYES, name, time.edgeUs / requests),
    round: (number) =>
      console.error(`round ${number}: ${EYES}: ${samples.ratio([EYES, EYES_ON], [EYES, EYES_OFF]).toFixed(3)}`),
  });
}

async function scrape({ adminUrl }: Postern): Promise<void> {
  const response = await fetch(`${adminUrl}/metrics`);
  await response.arrayBuffer();
}

async function startCollector(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
