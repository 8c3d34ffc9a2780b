/** Ports for programs that are told theirs before they start. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// Each test process draws from a part of its own, and no port twice: one that was given is not bound at once, and not while its
// program is restarted.
const FIRST_PORT = 12_000;
const PARTS = 20;
const PART_PORTS = 1_000;
let firstPort: Promise<number> | undefined;
const givenPorts = new Set<number>();

/** A port of 127.0.0.1 that is free now, outside the range from which the kernel gives ports to connections. */
export async function freePort(): Promise<number> {
  firstPort ??= claimPart();
  const first = await firstPort;
  for (;;) {
    const port = randomInt(first + 1, first + PART_PORTS);
    if (givenPorts.has(port)) continue;
    givenPorts.add(port);
    const probe = await listens(port);
    if (probe === undefined) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

/** The first port of a part that no other test process has: this one listens on it as long as it runs. */
async function claimPart(): Promise<number> {
  for (let at = 0; at < PARTS; at++) {
    const first = FIRST_PORT + ((process.pid + at) % PARTS) * PART_PORTS;
    const claim = await listens(first);
    if (claim === undefined) continue;
    claim.unref();
    return first;
  }
  return FIRST_PORT + (process.pid % PARTS) * PART_PORTS; // more processes than parts: two share this one
}

async function listens(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => undefined, // somebody else does
  );
}
