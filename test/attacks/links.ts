/** Attacks by agents whose tokens are genuine: links without end, and what is said on one. */
import { address, offerFrom } from '../support/hostile-clients.js';
import { HostileTunnel } from '../support/hostile-tunnel.js';
import { ACK, FRAME, frame, number32, RawAgent, SETTING } from '../support/raw-peer.js';
import { type Attack, type Ground, pause, repeat, roundOf, type Tally } from './attack.js';

const AT_ONCE = 25;

/** Links of so many owners, of whom each may hold a hundred names; each link from one of so many networks. */
async function links(ground: Ground, owners: number, networks: number): Promise<Tally> {
  const { world, ends } = ground;
  const grants = Array.from({ length: owners }, (_, at) =>
    world.token({ owner: `owner${at}@acme.com`, tunnels: `many${at}-*` }),
  );
  const tokens = await Promise.all(grants);
  let open = 0;
  return repeat(ground, async (tally, round) => {
    const offers = Array.from({ length: AT_ONCE }, async (_, at) => {
      const count = round * AT_ONCE + at;
      const owner = count % owners;
      const offer = {
        token: tokens[owner] ?? '',
        name: `many${owner}-${count}`,
        from: address(24, 1 + (count % networks)),
      };
      const { status, link } = await offerFrom(world, offer, (socket) => new RawAgent(socket));
      tally.add(status);
      if (status !== 101) return;
      ends.push(() => link.terminate());
      link.once('close', () => open--);
      tally.peak('at once', ++open);
    });
    await Promise.all(offers);
  });
}

/** One agent, which offers each of its links again and again, and some that there are not. */
async function slots(ground: Ground): Promise<Tally> {
  const { world, ends } = ground;
  const token = await world.token({ owner: 'owner@acme.com', tunnels: 'many' });
  let open = 0;
  return repeat(ground, async (tally) => {
    const offers = Array.from({ length: AT_ONCE }, async (_, at) => {
      const headers = { 'postern-agent': 'a'.repeat(36), 'postern-links': '4', 'postern-slot': String((at % 6) + 1) };
      const offer = { token, name: 'many', from: address(24, 1), headers };
      const { status, link } = await offerFrom(world, offer, (socket) => new RawAgent(socket));
      tally.add(status);
      if (status !== 101) return;
      ends.push(() => link.terminate());
      link.once('close', () => open--);
      tally.peak('at once', ++open);
    });
    await Promise.all(offers);
  });
}

const FLOODS: readonly Buffer[] = [
  frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  frame(FRAME.settings, 0, 0),
  frame(FRAME.windowUpdate, 0, 0, number32(1)),
  frame(FRAME.settings, 0, 0, Buffer.from([0, SETTING.windowBytes, 0, 0, 255, 255])),
  frame(FRAME.ping, ACK, 0, Buffer.alloc(8)),
];

async function frames(ground: Ground): Promise<Tally> {
  const hostile = await HostileTunnel.open(ground.world, 'dev-hostile', 'bob');
  ground.ends.push(() => hostile.close());
  return repeat(ground, async (tally, round) => {
    const agent = await hostile.connect();
    const flood = Buffer.concat(Array.from({ length: 500 }, () => FLOODS[round % FLOODS.length] as Buffer));
    let isClosed = false;
    agent.closed.then((code) => {
      isClosed = true;
      tally.add(`closed with ${code}`);
    });
    for (let count = 0; !isClosed && count < 200 && !ground.over.aborted; count++) {
      agent.write(flood);
      await pause(ground.over, 1);
    }
    if (!isClosed && !ground.over.aborted) tally.add('kept');
  });
}

/** Requests that the agent never answers, or resets at once, of visitors who do not give up. */
async function streams(ground: Ground): Promise<Tally> {
  const hostile = await HostileTunnel.open(ground.world, 'dev-hostile', 'bob');
  const dev = await ground.world.signedIn('dev', `${hostile.url}/`);
  ground.ends.push(
    () => hostile.close(),
    () => hostile.visitor.close(),
    () => dev.close(),
  );
  return repeat(ground, async (tally) => {
    await hostile.connect(); // an agent whose requests are all given up loses its link in the end
    const round = roundOf(ground, 5_000);
    const asked = Array.from({ length: 1_200 }, (_, at) =>
      (at % 2 ? dev : hostile.visitor).fetch(`${hostile.url}/never`, { signal: round }).then(
        ({ status }) => tally.add(status),
        () => tally.add('given up'),
      ),
    );
    await Promise.all(asked);
  });
}

export const LINK_ATTACKS: readonly Attack[] = [
  // About 30 kB each.
  { name: 'process links', maxGrowthMb: 500, maxKeptMb: 32, run: (ground) => links(ground, 120, 5) },
  { name: 'network links', maxGrowthMb: 250, maxKeptMb: 32, run: (ground) => links(ground, 30, 1) },
  { name: 'owner links', maxGrowthMb: 250, maxKeptMb: 32, run: (ground) => links(ground, 1, 2) },
  { name: 'tunnel links', maxGrowthMb: 100, maxKeptMb: 32, run: slots },
  { name: 'link frames', maxGrowthMb: 150, run: frames },
  { name: 'link streams', maxGrowthMb: 200, run: streams },
];
