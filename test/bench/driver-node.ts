/** The driver where neither wrk nor autocannon is there, as a process: `node driver-node.js LOAD`; prints `Measured`. */
import { Agent, get } from 'node:http';
import type { Load, Measured } from './driver.js';

const { url, headers, connections, seconds } = JSON.parse(process.argv[2] ?? '{}') as Load;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const startedMs = performance.now();
const endMs = startedMs + seconds * 1000;
const latenciesMs: number[] = [];
let bytes = 0;
let errors = 0;

await Promise.all(Array.from({ length: connections }, keepAsking));
agent.destroy();

const elapsedSeconds = (performance.now() - startedMs) / 1000;
latenciesMs.sort((a, b) => a - b);
const measured: Measured = {
  requestsPerSecond: latenciesMs.length / elapsedSeconds,
  bytesPerSecond: bytes / elapsedSeconds,
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
  errors,
};
process.stdout.write(JSON.stringify(measured));

async function keepAsking(): Promise<void> {
  while (performance.now() < endMs) {
    const sentMs = performance.now();
    if (await ask()) latenciesMs.push(performance.now() - sentMs);
    else errors++;
  }
}

// Callbacks, since promises for every event would measure themselves. What is still under way at the end counts as far
// as it came, for bodies that take longer than the whole measurement.
function ask(): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent, headers }, (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (performance.now() > endMs) request.destroy();
      });
      response.on('end', () => resolve(response.statusCode === 200));
      response.on('error', () => resolve(performance.now() > endMs));
    });
    request.on('error', () => resolve(performance.now() > endMs));
  });
}

function percentile(share: number): number {
  return latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN;
}
