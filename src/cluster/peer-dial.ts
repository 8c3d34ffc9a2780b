/** How a node dials another one: the connection, and the proof of both. What speaks HTTP/2 on it is `peer-link.ts`. */
import { connect, type Socket } from 'node:net';
import { readPeerAddress } from './peer-address.js';
import { greetPeer, type PeerIdentity } from './peer-handshake.js';
import { dialSecurely } from './peer-tls.js';
import { notHere } from './relay-protocol.js';

/** Resolves once the node `id` has proved itself at the address. Rejects, and leaves nothing open, otherwise. */
export async function dialPeer(address: string, identity: PeerIdentity, id: string): Promise<Socket> {
  const socket = await openSocket(address);
  await greetPeer(socket, identity, id).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  return socket;
}

async function openSocket(text: string): Promise<Socket> {
  const address = readPeerAddress(text);
  if (address === undefined) throw notHere('its address is none');
  if (address.kind === 'tls') return await dialSecurely(address);
  return await new Promise((resolve, reject) => {
    const socket = connect({ path: address.path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
