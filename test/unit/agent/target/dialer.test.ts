/** The certificate that a target must have, and how many idle connections to it are kept. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { type ConnectionKind, TargetDialer } from '../../../../src/agent/target/dialer.js';
import { PROJECT_ROOT } from '../../../support/project-root.js';
import { FakeInbound } from '../fake-inbound.js';
import { httpTarget } from '../targets.js';

const OWNER = { opened: () => {}, idle: () => {}, closed: () => {} };
const SELF_SIGNED = ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'];

describe('a target with a self-signed certificate', () => {
  for (const kind of ['plain', 'detachable'] as const) {
    test(`is accepted on loopback, and nowhere else (${kind})`, async (t) => {
      const file = (name: string) => readFileSync(join(PROJECT_ROOT, 'test', 'support', 'certificate', name));
      const server = tls.createServer({ cert: file('certificate.pem'), key: file('key.pem') });
      server.on('tlsClientError', () => {});
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      const { port } = server.address() as AddressInfo;
      const address = readTargetAddress(new URL(`https://127.0.0.1:${port}`), 'rewrite');
      assert.equal(await dialled(address, kind), 'stands');
      const refused = await dialled({ ...address, loopback: false, isVerified: true }, kind);
      assert.ok(SELF_SIGNED.includes(String(refused)), String(refused));
    });
  }
});

describe('a name of loopback', () => {
  for (const host of ['localhost', 'app.localhost', 'a.b.localhost']) {
    test(`is connected to without a resolver: ${host} (RFC 6761 section 6.3)`, async (t) => {
      const { port } = await httpTarget(t, (_request, response) => response.end());
      t.mock.method(dns, 'lookup', () => assert.fail('the resolver was asked'));
      const address = readTargetAddress(new URL(`http://${host}:${port}`), 'rewrite');
      for (const kind of ['plain', 'detachable'] as const) assert.equal(await dialled(address, kind), 'stands');
    });
  }
});

test('no more than 256 idle connections are kept', async (t) => {
  let open = 0;
  const waiting: http.ServerResponse[] = [];
  const { server, target } = await httpTarget(t, (_request, response) => {
    waiting.push(response);
    if (waiting.length >= 300) for (const held of waiting) held.end('all');
  });
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
  });
  const streams = Array.from({ length: 300 }, () => new FakeInbound({}));
  for (const stream of streams) target.serve(stream);
  await Promise.all(streams.map((stream) => stream.answer()));
  for (let again = 0; again < 5; again++) {
    const stream = new FakeInbound({});
    target.serve(stream);
    await stream.answer(); // after the others have ended
  }
  assert.ok(open > 0 && open <= 256, `${open} connections`);
});

function dialled(address: ReturnType<typeof readTargetAddress>, kind: ConnectionKind): Promise<unknown> {
  const dialer = new TargetDialer(address, 5_000);
  return new Promise((resolve) => {
    dialer.dial(kind, OWNER, {
      connected: (connection) => {
        connection.destroy();
        resolve('stands');
      },
      backlogFull: () => resolve('crowded'),
      failed: (error) => resolve((error as { code?: string }).code ?? error),
    });
  });
}
