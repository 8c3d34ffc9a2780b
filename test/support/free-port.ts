/** Ports for programs that are told theirs before they start. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// Test processes draw from parts that are theirs alone, and no port twice: one that was given is not bound at once, and not while its
// program is restarted. All are below the range from which the kernel gives ports to connections.
const FIRST_PORT = 12_000;
const PARTS = 200;
const PART_PORTS = 100;

let ports: AsyncGenerator<number, never> | undefined;

/** A port of 127.0.0.1 that is free now, and that no other test process is given as long as this one runs. */
export async function freePort(): Promise<number> {
  ports ??= drawPorts();
  return (await ports.next()).value;
}

async function* drawPorts(): AsyncGenerator<number, never> {
  for (let from = process.pid; ; ) {
    const part = await claimPart(from);
    from = part + 1;
    const first = portOf(part);
    for (let port = first + 1; port < first + PART_PORTS; port++) if (await isFree(port)) yield port;
  }
}

/** Listens, as long as this process runs, on the first port of a part that no other one has, and returns its number: `from` or later. */
async function claimPart(from: number): Promise<number> {
  for (let at = from; at < from + PARTS; at++) {
    const claim = await listens(portOf(at));
    if (claim === undefined) continue;
    claim.unref();
    return at;
  }
  throw new Error(`the ports from ${FIRST_PORT} to ${FIRST_PORT + PARTS * PART_PORTS - 1} are all taken`);
}

function portOf(part: number): number {
  return FIRST_PORT + (part % PARTS) * PART_PORTS;
}

async function isFree(port: number): Promise<boolean> {
  const probe = await listens(port);
  if (probe === undefined) return false;
  probe.close();
  await once(probe, 'close');
  return true;
}

async function listens(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => undefined, // somebody else does
  );
}
