/** Attacks by visitors who are let in: open requests, responses that nobody reads, WebSockets that nobody accepts. */
import { handshakeRequest } from '../support/handshakes.js';
import { sending } from '../support/hostile-clients.js';
import { RawTarget } from '../support/raw-target.js';
import { type Attack, type Ground, pause, repeat, roundOf, type Tally } from './attack.js';

const ROUND_MS = 5_000;

async function openRequests(ground: Ground): Promise<Tally> {
  const { world, bob } = ground;
  return repeat(ground, async (tally) => {
    const round = roundOf(ground, ROUND_MS);
    const asked = Array.from({ length: 1_000 }, () =>
      bob.fetch(`${world.url}/hang`, { signal: round }).then(
        ({ status, headers }) => tally.add(`${status} ${headers['postern-error']}`),
        () => tally.add('left'),
      ),
    );
    await Promise.all(asked);
  });
}

/** Downloads that nobody reads, on so many tunnels. */
async function unreadResponses(ground: Ground, tunnels: number): Promise<Tally> {
  const { world, bob, over } = ground;
  const urls: string[] = [];
  for (let count = 0; count < tunnels; count++) {
    const name = `dev-unread${count}`;
    const agent = await world.startAgent({ name, targetUrl: world.target.url });
    ground.ends.push(() => agent.kill());
    await bob.open(`${world.urlOf(name)}/`);
    urls.push(world.urlOf(name));
  }
  return repeat(ground, async (tally, round) => {
    const asked = Array.from({ length: 100 }, (_, at) =>
      bob.stream(`${urls[at % tunnels]}/bytes?n=50000000`, 'fetch', { signal: over }).then(
        ({ status, body }) => {
          tally.add(status);
          body.on('error', () => {}); // cut at the end, or by the edge
          ground.ends.push(() => body.destroy());
          return body;
        },
        () => undefined,
      ),
    );
    const bodies = await Promise.all(asked);
    await pause(over, ROUND_MS);
    if (round % 3 === 2) for (const body of bodies) body?.destroy();
  });
}

async function unacceptedWebSockets(ground: Ground): Promise<Tally> {
  const { world, bob, over, ends } = ground;
  const raw = await RawTarget.start();
  raw.answer('/ignored', (socket) => void socket.resume());
  const agent = await world.startAgent({ name: 'dev-raw', targetUrl: raw.url });
  ends.push(
    () => agent.kill(),
    () => raw.close(),
  );
  const url = new URL(`${world.urlOf('dev-raw')}/`);
  await bob.open(url.href);
  const handshake = handshakeRequest(url.host, '/ignored', [`Cookie: ${bob.jar.header(url)}`]);
  return repeat(ground, async (tally) => {
    const sockets = await Promise.all(Array.from({ length: 120 }, () => sending(world, handshake)));
    for (const socket of sockets) socket.write(Buffer.alloc(1_000_000));
    await pause(over, 1_000);
    tally.add('offered', sockets.length);
    tally.peak('bytes taken of one', Math.max(...sockets.map((socket) => socket.bytesWritten)));
    for (const socket of sockets) socket.destroy();
  });
}

export const VISITOR_ATTACKS: readonly Attack[] = [
  { name: 'visitor streams', maxGrowthMb: 150, run: openRequests },
  { name: 'visitor WebSockets', maxGrowthMb: 150, run: unacceptedWebSockets },
  { name: 'link unread', maxGrowthMb: 200, run: (ground) => unreadResponses(ground, 1) },
  // 256 MiB, what the sockets hold, and what was sent before that much was unread.
  { name: 'process unread', maxGrowthMb: 500, run: (ground) => unreadResponses(ground, 6) },
];
