/** `h2load` of nghttp2, which sends the same load over HTTP/2 and over HTTP/1.1. */
import { findCommand, run } from './children.js';
import type { Load } from './driver.js';

// Past its time by so much it has stopped reading, as it sometimes does over TLS.
const LATE_MS = 20_000;

export interface H2Load extends Load {
  /** Requests at once on each connection; over HTTP/1.1 one. */
  readonly streams: number;
  readonly protocol: 'HTTP/2' | 'HTTP/1.1';
}

export interface H2Measured {
  readonly requestsPerSecond: number;
  /** Failed requests and responses other than 2xx. Anything but 0 makes the rest worthless. */
  readonly errors: number;
}

/** The command; undefined where it is not installed (apt install nghttp2-client). */
export function findH2load(): string | undefined {
  return findCommand('h2load');
}

/** Sends requests for so many seconds, over TLS where the URL says so: by ALPN, and HTTP/2 over clear text with prior knowledge. */
export async function driveH2load(command: string, load: H2Load): Promise<H2Measured> {
  const { url, headers, connections, streams, seconds, protocol } = load;
  const { host, ...others } = headers;
  // It takes the authority of the URL, and dials what `--connect-to` says. It checks no certificate.
  const { port, pathname, protocol: scheme } = new URL(url);
  const amount = ['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`, '--connect-to', `127.0.0.1:${port}`];
  const version = protocol === 'HTTP/2' ? ['-p', 'h2c'] : ['--h1'];
  const lines = Object.entries(others).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const args = [...amount, ...version, ...lines, `${scheme}//${host}${pathname}`];
  return read(await run({ name: 'h2load', command, args, maxMs: seconds * 1000 + LATE_MS }), seconds);
}

function read(output: string, seconds: number): H2Measured {
  const [, requests, failed] = /(\d+) done, \d+ succeeded, (\d+) failed/.exec(output) ?? [];
  const [, succeeded] = /status codes: (\d+) 2xx/.exec(output) ?? [];
  if (requests === undefined || succeeded === undefined) throw new Error(`h2load said something else:\n${output}`);
  const errors = Number(failed) + Math.max(Number(requests) - Number(succeeded), 0);
  return { requestsPerSecond: Number(succeeded) / seconds, errors };
}
