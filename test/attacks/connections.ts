/** Attacks with connections and heads, by a process of strangers and by one network. */
import type { Socket } from 'node:net';
import { address, dial, sending, unfinishedHead } from '../support/hostile-clients.js';
import { rawExchange } from '../support/visitor.js';
import { type Attack, type Ground, lines, pause, repeat, type Tally } from './attack.js';

// Below the 20,000 of an edge, and what one process of an ordinary machine may open.
const MAX_OPEN = 15_000;
const BATCH = 500;

async function idleConnections(ground: Ground): Promise<Tally> {
  const open = new Set<Socket>();
  ground.ends.push(() => destroyAll(open));
  return repeat(ground, async (tally, round) => {
    const count = Math.min(BATCH, MAX_OPEN - open.size);
    if (count === 0) return pause(ground.over, 50);
    for (const socket of await dial({ port: ground.world.port, from: address(20, round) }, count)) {
      if (socket.destroyed) continue;
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    tally.add('opened', count);
    tally.peak('at once', open.size);
    return undefined;
  });
}

/** Heads that do not end: `each` of every address. */
async function unfinishedHeads(ground: Ground, addresses: number, each: number): Promise<Tally> {
  const head = unfinishedHead(lines(ground).host);
  return repeat(ground, async (tally) => {
    const sockets: Socket[] = [];
    for (let count = 0; count < addresses && !ground.over.aborted; count++) {
      const way = { port: ground.world.port, from: address(21, count + 1) };
      sockets.push(...(await Promise.all(Array.from({ length: each }, () => sending(way, head)))));
    }
    await pause(ground.over, 1_000);
    tally.add('heads', sockets.length);
    tally.add('cut', sockets.filter(({ destroyed }) => destroyed).length);
    destroyAll(sockets);
  });
}

async function pipelines(ground: Ground): Promise<Tally> {
  const { own, host } = lines(ground);
  const held = `GET /hang HTTP/1.1\r\n${own}\r\n`;
  const floods = [
    held + `GET / HTTP/1.1\r\n${own}\r\n`.repeat(200),
    `GET / HTTP/1.1\r\n${host}\r\n`.repeat(50_000),
    `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\n\r\n${`GET / HTTP/1.1\r\n${host}\r\n`.repeat(50_000)}`,
  ];
  return closedBy(ground, floods);
}

async function waitingHeads(ground: Ground): Promise<Tally> {
  const { own } = lines(ground);
  const large = `GET / HTTP/1.1\r\n${own}X-Large: ${'x'.repeat(30_000)}\r\n\r\n`;
  return closedBy(ground, [`GET /hang HTTP/1.1\r\n${own}\r\n${large.repeat(3)}`]);
}

async function largeHeads(ground: Ground): Promise<Tally> {
  const { host } = lines(ground);
  const start = `GET / HTTP/1.1\r\n${host}Connection: close\r\n`;
  return closedBy(ground, [`${start}${'a:\r\n'.repeat(15_000)}\r\n`, `${start}X: ${'x'.repeat(1_000_000)}\r\n\r\n`]);
}

/** Sends each of these on twenty connections at once, until the edge closes them. */
function closedBy(ground: Ground, floods: readonly string[]): Promise<Tally> {
  return repeat(ground, async (tally, round) => {
    const flood = floods[round % floods.length] ?? '';
    const heard = await Promise.all(
      Array.from({ length: 20 }, () =>
        Promise.race([rawExchange(ground.world.port, flood), pause(ground.over, 60_000).then(() => 'over')]),
      ),
    );
    for (const text of heard) tally.add(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? (text || 'closed'));
  });
}

function destroyAll(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
}

export const CONNECTION_ATTACKS: readonly Attack[] = [
  { name: 'process connections', maxGrowthMb: 300, takesConnections: true, run: idleConnections },
  // 32 MiB are 100 MB with the strings that they become; of what arrives between two looks 86 MB are three times that.
  { name: 'process heads', maxGrowthMb: 500, run: (ground) => unfinishedHeads(ground, 40, 45) },
  { name: 'network heads', maxGrowthMb: 250, run: (ground) => unfinishedHeads(ground, 1, 300) },
  // One read holds 1,400 small requests, which are 7 MB before the seventeenth closes their connection; twenty do so at once.
  { name: 'connection requests', maxGrowthMb: 300, run: pipelines },
  { name: 'connection waiting heads', maxGrowthMb: 100, run: waitingHeads },
  { name: 'connection head', maxGrowthMb: 150, run: largeHeads },
];
