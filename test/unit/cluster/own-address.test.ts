import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { OwnAddress } from '../../../src/cluster/own-address.js';
import { peerIdentity, receivePeer } from '../../../src/cluster/peer-handshake.js';
import { PeerListener } from '../../../src/cluster/peer-listener.js';
import { silentLog } from '../../../src/core/log.js';
import { freePort } from '../../support/free-port.js';
import { PEER_CERTIFICATE, SECRET } from './nodes.js';

/** A node that listens; resolves to what others dial. */
async function listening(t: TestContext, node: string, port = 0): Promise<string> {
  const listener = await PeerListener.open(
    { listen: { host: '127.0.0.1', port }, url: undefined, worker: 0, workers: 1, certificate: PEER_CERTIFICATE },
    async (socket, tls) => {
      socket.on('error', () => {});
      await tls
        .accept(socket)
        .then((secure) => receivePeer(secure, peerIdentity(node, [SECRET])))
        .catch(() => socket.destroy());
    },
  );
  t.after(() => listener.close());
  return listener.address;
}

/** The address of the node `self`, and what the log has of it. */
function ownAddress(address: string) {
  const warned: unknown[] = [];
  const log = { ...silentLog, warn: (fields: object) => void warned.push(fields) };
  return { own: new OwnAddress({ identity: peerIdentity('self', [SECRET]), address, log }), warned };
}

async function look(own: OwnAddress, times: number): Promise<void> {
  for (let count = 0; count < times; count++) await own.look();
}

describe('the address that a node tells the others', () => {
  it('is right when it leads back, and is then not looked at again', async (t) => {
    const port = await freePort();
    const address = `https://127.0.0.1:${port}`;
    const { own, warned } = ownAddress(address);
    await own.look();
    await listening(t, 'self', port);
    await look(own, 6);
    assert.deepEqual([own.problem, warned], [undefined, []]);
  });

  it('is told to the operator when it leads to another node, for as long as it does', async (t) => {
    const address = await listening(t, 'another');
    const { own, warned } = ownAddress(address);
    await look(own, 4);
    assert.deepEqual([own.problem, warned.length], [undefined, 0]);
    await look(own, 3);
    assert.deepEqual(warned, [{ peer: address, reason: 'not a node of this edge: it has left' }]);
    assert.match(own.problem ?? '', /^peer: https:.* does not lead to this node \(.*it has left\)/);
  });

  it('is right in the end when something listens there late', async (t) => {
    const port = await freePort();
    const { own, warned } = ownAddress(`https://127.0.0.1:${port}`);
    await look(own, 5);
    assert.match(JSON.stringify(warned), /ECONNREFUSED/);
    await listening(t, 'self', port);
    await own.look();
    assert.equal(own.problem, undefined);
  });
});
