/** A long way: a process of its own where Go is installed, which costs the least, else within this one. */

import { Child } from './children.js';
import { buildGo } from './go.js';
import { WanLink, type Way } from './wan.js';

/** Every connection to `port` goes the long way. */
export interface LongWay {
  readonly port: number;
  close(): void;
}

let program: Promise<string | Error> | undefined;

export async function openLongWay(way: Way, toPort: number): Promise<LongWay> {
  program ??= buildGo('go-path').catch((error: Error) => error);
  const built = await program;
  if (built instanceof Error) return WanLink.open(way, toPort);
  const args = [toPort, way.rttMs, way.rate].map(String);
  const child = await Child.ready({ name: 'the long way', command: built, args }, (line) => /^\d+$/.test(line));
  return { port: Number(child.line), close: () => child.kill() };
}
