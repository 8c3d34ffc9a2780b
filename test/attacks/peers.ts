/** Attacks by strangers at the address for other nodes: floods, silence, garbage, another secret; a genuine node beside them. */
import { once } from 'node:events';
import { connect as dialPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { dialPeer } from '../../src/cluster/peer-dial.js';
import { greetPeer, peerIdentity } from '../../src/cluster/peer-handshake.js';
import { address } from '../support/hostile-clients.js';
import { type Attack, type Ground, pause, repeat, type Tally } from './attack.js';

// More than may be at once without a proof: in all, and of one network.
const AT_ONCE = 300;

const AS_PEER = { rejectUnauthorized: false, ALPNProtocols: ['postern-peer'], servername: 'postern-peer' };

/** The edge as another node finds it in the store. */
interface Peer {
  readonly id: string;
  readonly url: string;
  readonly port: number;
}

async function peerOf({ world }: Ground): Promise<Peer> {
  const { node, peer } = await world.edge.record(({ msg }) => msg === 'other edges of the store can reach this one');
  return { id: String(node), url: String(peer), port: Number(new URL(String(peer)).port) };
}

/** What a stranger says, on a connection of its own. */
type Act = (ground: Ground, peer: Peer, from: string) => Promise<string>;

const silence: Act = async ({ over }, { port }, localAddress) => {
  const socket = dialPlain({ port, host: '127.0.0.1', localAddress });
  return await heard(socket, over);
};

const clearText: Act = async ({ over }, { port }, localAddress) => {
  const socket = dialPlain({ port, host: '127.0.0.1', localAddress });
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.repeat(1_000));
  return await heard(socket, over);
};

const garbage: Act = async ({ over }, peer, from) => {
  const socket = await secured(peer, from);
  socket.write('postern-peer/1 '.repeat(10_000));
  return await heard(socket, over);
};

const slowGreeting: Act = async ({ over }, peer, from) => {
  const socket = await secured(peer, from);
  socket.write('postern-peer/1 me ');
  return await heard(socket, over);
};

const otherSecret: Act = async ({ over }, peer, from) => {
  const socket = await secured(peer, from);
  const identity = peerIdentity('hostile', ['another secret of thirty-two bytes or more']);
  const isBelieved = await greetPeer(socket, identity, peer.id).then(
    () => true,
    () => false, // it is closed
  );
  if (isBelieved) throw new Error('another secret was believed');
  return await heard(socket, over);
};

const ACTS: readonly Act[] = [silence, clearText, garbage, slowGreeting, otherSecret];

async function secured({ port }: Peer, localAddress: string): Promise<TLSSocket> {
  const socket = connect({ ...AS_PEER, socket: dialPlain({ port, host: '127.0.0.1', localAddress }) });
  socket.on('error', () => {}); // `close` follows
  await Promise.race([new Promise((resolve) => socket.once('secureConnect', resolve)), closeOf(socket)]);
  return socket;
}

async function closeOf(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

/** All that comes until the connection is closed, or the attack is over. */
async function heard(socket: Socket, over: AbortSignal): Promise<string> {
  let text = '';
  socket.on('error', () => {}).setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  await Promise.race([closeOf(socket), once(over, 'abort')]);
  socket.destroy();
  return text;
}

/** Strangers of so many networks. With one, a node of another must get in meanwhile. */
async function strangers(ground: Ground, networks: number): Promise<Tally> {
  const peer = await peerOf(ground);
  const identity = peerIdentity('genuine', [ground.world.secret]);
  const tally = await repeat(ground, async (counts, round) => {
    const acts = Array.from({ length: AT_ONCE }, async (_, at) => {
      const act = ACTS[(round + at) % ACTS.length] ?? silence;
      const said = await act(ground, peer, address(26, 1 + (at % networks)));
      if (/postern|HTTP/.test(said)) throw new Error(`a stranger was told ${JSON.stringify(said.slice(0, 100))}`);
      counts.add('turned away');
    });
    if (networks === 1) {
      await pause(ground.over, 500); // the strangers are there
      const came = await dialPeer(peer.url, identity, peer.id).then(
        (socket) => {
          socket.destroy();
          return true;
        },
        () => false, // too late: the machine has more to do than a handshake waits for
      );
      counts.add(came ? 'a node was let in' : 'a node was too late');
    }
    await Promise.all(acts);
  });
  if (networks === 1 && !tally.has('a node was let in')) throw new Error('no node was let in beside the strangers');
  return tally;
}

export const PEER_ATTACKS: readonly Attack[] = [
  { name: 'network strangers at a peer address', maxGrowthMb: 150, nodes: true, run: (ground) => strangers(ground, 1) },
  {
    name: 'process strangers at a peer address',
    maxGrowthMb: 150,
    nodes: true,
    run: (ground) => strangers(ground, 200),
  },
];
