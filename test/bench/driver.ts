/**
 * What sends requests and measures: `wrk` where it is installed, else `autocannon` where it can be found, else a driver
 * of our own, each in a process of its own. All keep their connections and send the next request when an answer is whole.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compiled } from '../support/processes.js';
import { FOLDER, findCommand, run } from './children.js';

/** The headers of every request, by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string>> & { readonly host: string };

export interface Load {
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly connections: number;
  readonly seconds: number;
}

export interface Measured {
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Failed requests and answers other than 2xx. Anything but 0 makes the rest worthless. */
  readonly errors: number;
}

export interface Driver {
  readonly name: string;
  drive(load: Load): Promise<Measured>;
}

/** The best driver that is there. */
export function findDriver(): Driver {
  const wrk = findCommand('wrk');
  if (wrk !== undefined) return { name: 'wrk', drive: (load) => driveWrk(wrk, load) };
  const autocannon = findAutocannon();
  if (autocannon === undefined) return { name: 'a Node driver (no wrk, no autocannon)', drive: driveNode };
  return {
    name: 'autocannon (wrk is not installed)',
    // It tells latencies in whole milliseconds, too coarse for a connection alone.
    drive: (load) => (load.connections === 1 ? driveNode(load) : driveAutocannon(autocannon, load)),
  };
}

const WRK_SCRIPT = `done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"bytes":%d,"us":%d,"p50":%d,"p99":%d,"errors":%d}\\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`;

interface WrkReport {
  readonly requests: number;
  readonly bytes: number;
  readonly us: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
}

async function driveWrk(wrk: string, { url, headers, connections, seconds }: Load): Promise<Measured> {
  const script = join(FOLDER, 'report.lua');
  writeFileSync(script, WRK_SCRIPT);
  const amount = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', script];
  const output = await run({ name: 'wrk', command: wrk, args: [...amount, ...headerArgs(headers), url] });
  const report = JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? '{}') as WrkReport;
  const elapsedSeconds = report.us / 1_000_000;
  return {
    requestsPerSecond: report.requests / elapsedSeconds,
    bytesPerSecond: report.bytes / elapsedSeconds,
    p50Ms: report.p50 / 1000,
    p99Ms: report.p99 / 1000,
    errors: report.errors,
  };
}

interface AutocannonReport {
  readonly duration: number;
  readonly requests: { readonly total: number };
  readonly throughput: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly errors: number;
  readonly non2xx: number;
}

async function driveAutocannon(script: string, { url, headers, connections, seconds }: Load): Promise<Measured> {
  const amount = ['--json', '-c', String(connections), '-d', String(seconds), '-t', '20'];
  const output = await run({ name: 'autocannon', args: [script, ...amount, ...headerArgs(headers), url] });
  const report = JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? '{}') as AutocannonReport;
  return {
    requestsPerSecond: report.requests.total / report.duration,
    bytesPerSecond: report.throughput.total / report.duration,
    p50Ms: report.latency.p50,
    p99Ms: report.latency.p99,
    errors: report.errors + report.non2xx,
  };
}

async function driveNode(load: Load): Promise<Measured> {
  const output = await run({ name: 'driver', args: [compiled('../bench/driver-node.js'), JSON.stringify(load)] });
  return JSON.parse(output) as Measured;
}

// `wrk` knows its own `Host` only by that spelling, and would send a second one.
function headerArgs({ host, ...headers }: Load['headers']): string[] {
  return Object.entries({ Host: host, ...headers }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
}

function findAutocannon(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('autocannon/package.json');
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: string | Record<string, string> };
    return join(dirname(manifest), typeof bin === 'string' ? bin : (bin['autocannon'] as string));
  } catch {
    return undefined; // not installed
  }
}
