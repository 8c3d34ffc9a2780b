import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { readPeerAddress, writePeerAddress } from '../../../src/cluster/peer-address.js';
import { PeerListener } from '../../../src/cluster/peer-listener.js';
import { ListenError } from '../../../src/config/listen-error.js';
import { PEER_CERTIFICATE } from './nodes.js';

const HOST = '127.0.0.1';

async function open(
  t: TestContext,
  port: number,
  { worker = 0, workers = 1, url = undefined as string | undefined } = {},
) {
  const address = url === undefined ? undefined : readPeerAddress(url);
  const dialled = address?.kind === 'tls' ? address : undefined;
  const options = { listen: { host: HOST, port }, url: dialled, worker, workers, certificate: PEER_CERTIFICATE };
  const listener = await PeerListener.open(options, (socket) => socket.destroy());
  t.after(() => listener.close());
  return listener;
}

/** A port that is taken. */
async function taken(t: TestContext): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const portOf = ({ address }: PeerListener) => Number(new URL(address).port);

describe('the address of a node', () => {
  it('is read as it was written', () => {
    for (const host of ['10.0.0.7', '::1', 'edge-1.internal'])
      assert.deepEqual(readPeerAddress(writePeerAddress({ host, port: 7_443 })), { kind: 'tls', host, port: 7_443 });
    assert.deepEqual(readPeerAddress('unix:/run/1.sock'), { kind: 'unix', path: '/run/1.sock' });
  });

  for (const text of [
    '',
    'http://h:1',
    'https://h',
    'https://h:1/x',
    'https://u@h:1',
    'https://h:70000',
    'unix:1.sock',
  ])
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(readPeerAddress(text), undefined));

  it('is where it listens, or what the operator names', async (t) => {
    const listener = await open(t, 0);
    assert.match(listener.address, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await open(t, 0, { url: 'https://edge-1.internal:7443' })).address, 'https://edge-1.internal:7443');
  });
});

describe('a port of several workers', () => {
  it('is that of the worker, or the next one that is free', async (t) => {
    const former = await taken(t);
    const url = 'https://edge-1.internal:7443';
    // The second of two: its own port is that of the worker that it replaces.
    const listener = await open(t, former - 1, { worker: 1, workers: 2, url });
    const generation = (portOf(listener) - 7_443 - 1) / 2;
    assert.ok([1, 2, 3].includes(generation), listener.address);
  });

  it('is no other one where a process is alone', async (t) => {
    const port = await taken(t);
    await assert.rejects(
      open(t, port),
      (error: unknown) => error instanceof ListenError && error.code === 'EADDRINUSE',
    );
  });
});
