/** A long path: a process of its own where Go is installed, which costs the least, else within this one. */

import { Child } from './children.js';
import { buildGo } from './go.js';
import { type NetworkPath, WanLink } from './wan.js';

/** Every connection to `port` goes the long path. */
export interface LongPath {
  readonly port: number;
  close(): void;
}

let program: Promise<string | Error> | undefined;

export async function openLongPath(path: NetworkPath, toPort: number): Promise<LongPath> {
  program ??= buildGo('go-path').catch((error: Error) => error);
  const built = await program;
  if (built instanceof Error) return WanLink.open(path, toPort);
  const args = [toPort, path.rttMs, path.rate].map(String);
  const child = await Child.ready({ name: 'the long path', command: built, args }, (line) => /^\d+$/.test(line));
  return { port: Number(child.line), close: () => child.kill() };
}
