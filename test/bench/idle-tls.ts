/**
 * What an idle visitor costs an edge that ends TLS: its resident memory after a collection, with a fifth of the HTTP/2
 * connections and with all of them, divided by the difference. Each has had one response.
 */
import { compiled } from '../support/processes.js';
import { Child, residentBytes } from './children.js';
import { COLLECTABLE, settledBytes } from './idle-links.js';
import { Postern } from './postern.js';

// A handshake takes milliseconds of both ends. An idle connection is closed after two minutes.
const CONNECTED_MS = 100_000;

/** Bytes for each connection; undefined where `/proc` tells no memory. */
export async function measureIdleTls(connections: number): Promise<number | undefined> {
  if (residentBytes(process.pid) === undefined) return undefined;
  const postern = await Postern.start({ edgeNodeArgs: COLLECTABLE, isSecure: true });
  const visitors: Child[] = [];
  const connect = async (count: number) => {
    const order = { port: postern.port, authority: new URL(postern.base).host, count };
    const args = [compiled('../bench/idle-visitors.js'), JSON.stringify(order)];
    const options = { name: 'idle visitors', args, readyMs: CONNECTED_MS };
    visitors.push(await Child.ready(options, (line) => line === 'connected'));
  };
  try {
    const few = Math.ceil(connections / 5);
    await connect(few);
    const before = await settledBytes(postern.edge);
    await connect(connections - few);
    return ((await settledBytes(postern.edge)) - before) / (connections - few);
  } finally {
    await Promise.all(visitors.map((child) => child.end()));
    await postern.end();
  }
}
