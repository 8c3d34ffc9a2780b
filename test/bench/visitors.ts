/**
 * The same edge, agent and session over HTTP/2 and over HTTP/1.1, with as many requests at once, in turns: requests per
 * second, and processor time of the edge for each.
 */
import { processorUs } from './children.js';
import { driveH2load, findH2load, type H2Load } from './h2load.js';
import type { System } from './systems.js';
import type { Samples } from './table.js';

export const HTTP2 = 'HTTP/2';
export const HTTP1 = 'HTTP/1.1';

// Of a browser behind a proxy, and of many.
const CONNECTIONS = 8;
const STREAMS = [8, 31] as const; // 250 requests at once are the share of one account on a link
const PATHS = [
  ['1 KB', '/1k'],
  ['100 KB', '/100k'],
] as const;
const WARM_UP_SECONDS = 5;

/** What is measured, by size and requests at once on each connection. */
export const VISITOR_CASES = PATHS.flatMap(([size, path]) =>
  STREAMS.map((streams) => {
    const name = `${size}, ${CONNECTIONS} x ${streams} at once`;
    return { path, streams, speed: `${name}, requests/s`, time: `${name}, CPU of the edge, us a request` };
  }),
);

/** Adds a value of each measure for each round. Returns why nothing was measured, if so. */
export async function measureVisitors(
  system: System,
  { rounds, seconds, notes }: { readonly rounds: number; readonly seconds: number; readonly notes: string[] },
  samples: Samples,
): Promise<string | undefined> {
  const command = findH2load();
  if (command === undefined) return 'HTTP/2 of visitors: h2load is not installed (apt install nghttp2-client)';
  const edgeUs = () => (system.edgePid === undefined ? undefined : processorUs(system.edgePid)) ?? Number.NaN;
  const drive = async (load: Pick<H2Load, 'protocol' | 'streams' | 'connections' | 'seconds'>, path: string) =>
    driveH2load(command, { ...load, url: `${system.origin}${path}`, headers: await system.headers() });
  const loads = (streams: number, length: number) => [
    [HTTP2, { protocol: 'h2c', streams, connections: CONNECTIONS, seconds: length }] as const,
    [HTTP1, { protocol: 'http/1.1', streams: 1, connections: CONNECTIONS * streams, seconds: length }] as const,
  ];
  for (const [, load] of loads(8, WARM_UP_SECONDS)) await drive(load, '/1k');
  for (let round = 0; round < rounds; round++) {
    for (const { path, streams, speed, time } of VISITOR_CASES) {
      const turns = loads(streams, seconds);
      for (const [name, load] of round % 2 === 0 ? turns : turns.toReversed()) {
        const startedUs = edgeUs();
        const { requestsPerSecond, errors } = await drive(load, path);
        if (errors > 0) notes.push(`${name}, ${speed}: ${errors} errors in round ${round + 1}`);
        samples.add(speed, name, errors === 0 ? requestsPerSecond : Number.NaN);
        samples.add(time, name, (edgeUs() - startedUs) / (requestsPerSecond * seconds));
        console.error(`round ${round + 1}: ${speed}, ${name}: ${requestsPerSecond.toFixed(0)}`);
      }
    }
  }
  return undefined;
}
