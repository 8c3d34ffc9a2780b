/** A target that responds and closes the connection before the agent writes the next chunk of the request's body. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import tls from 'node:tls';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { Target } from '../../../../src/agent/target/target.js';
import { readTarget } from '../../../../src/agent/target-settings.js';
import { silentLog } from '../../../../src/core/log.js';
import { PROJECT_ROOT } from '../../../support/project-root.js';
import { FakeInbound } from '../fake-inbound.js';

const RESPONSE = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large';
const WAYS = ['tcp', 'unix', 'tls'] as const;

/**
 * A request whose target has sent `bytes` and reset the connection in the same turn in which the rest of the body arrives:
 * none of the bytes has been read by then.
 */
async function closedUnder(t: TestContext, way: (typeof WAYS)[number], bytes: string): Promise<FakeInbound> {
  const stream = new FakeInbound({ method: 'POST', body: 'open' });
  const server = way === 'tls' ? tls.createServer(certificate()) : net.createServer();
  server.on(way === 'tls' ? 'secureConnection' : 'connection', (socket: net.Socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(bytes);
      socket.destroy();
      setImmediate(() => stream.far.write(Buffer.alloc(100_000)));
      stream.far.write(Buffer.alloc(100_000));
      stream.far.write(Buffer.alloc(100_000));
    });
  });
  const folder = mkdtempSync(join(tmpdir(), 'postern-early-'));
  const path = join(folder, 'app.sock');
  if (way === 'unix') server.listen(path);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = (server.address() as net.AddressInfo).port;
  const url =
    way === 'unix' ? readTarget(`unix:${path}`) : new URL(`${way === 'tls' ? 'https' : 'http'}://127.0.0.1:${port}`);
  const target = new Target(readTargetAddress(url, 'rewrite'), { log: silentLog, record: () => {}, hint: () => {} });
  t.after(() => {
    target.close();
    server.close();
    rmSync(folder, { recursive: true });
  });
  target.serve(stream);
  return stream;
}

function certificate(): tls.TlsOptions {
  const file = (name: string) => readFileSync(join(PROJECT_ROOT, 'test', 'support', 'certificate', name));
  return { cert: file('certificate.pem'), key: file('key.pem') };
}

for (const way of WAYS) {
  describe(`a connection that the target closes under a body (${way})`, () => {
    it('delivers the response that the target has sent', async (t) => {
      const stream = await closedUnder(t, way, RESPONSE);
      const { status, body } = await stream.answer();
      assert.deepEqual([status, body], [413, 'too large']);
    });

    it('is ERR_TARGET_REFUSED when the target has sent nothing, or part of a head', async (t) => {
      for (const bytes of ['', 'HTTP/1.1 413 Content Too La']) {
        const { status, headers } = await (await closedUnder(t, way, bytes)).answer();
        assert.deepEqual([status, headers], [502, ['postern-error', 'ERR_TARGET_REFUSED']]);
      }
    });

    it('never makes part of a response look complete', async (t) => {
      for (const framing of ['Content-Length: 1000', 'Transfer-Encoding: chunked', 'Connection: close']) {
        const stream = await closedUnder(t, way, `HTTP/1.1 413 Content Too Large\r\n${framing}\r\n\r\n4\r\npart\r\n`);
        await stream.reset;
      }
    });
  });
}
