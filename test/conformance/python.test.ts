/** Both roles against python's `h2` module. Skipped where it is missing. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Http2ErrorCode } from '../../src/http2/errors.js';
import { pythonWith } from '../support/python.js';
import { post, withEngine } from './exchange.js';
import { startConformanceServer } from './server.js';

// Compiled to `.build/test/conformance`.
const PEER = fileURLToPath(new URL('../../../test/conformance/peer.py', import.meta.url));
const PYTHON = pythonWith('h2');

describe('python h2', { skip: PYTHON === undefined && 'the python module h2 is not installed' }, () => {
  const python = PYTHON ?? '';

  test('sends requests to the server role: bodies of 3 MB both ways, trailers, a reset, GOAWAY', async () => {
    const server = await startConformanceServer(0);
    try {
      const { stdout } = await promisify(execFile)(python, [PEER, 'client', `${server.port}`]);
      assert.equal(stdout, 'ok\n');
    } finally {
      server.close();
    }
  });

  describe('responds to the client role', () => {
    let peer: ChildProcess;
    let port = 0;
    before(async () => {
      peer = spawn(python, [PEER, 'server'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(peer.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
      port = Number(String(line));
    });
    after(() => peer.kill());

    test('with 20 concurrent bodies, 103 and trailers', async () => {
      await withEngine(port, async (engine) => {
        const bodies = Array.from({ length: 20 }, () => randomBytes(200_000));
        const all = bodies.map((body) => post(engine, '/', body));
        for (const [at, asked] of all.entries()) {
          await asked.settled;
          const body = bodies[at] as Buffer;
          assert.ok(asked.body.equals(body));
          assert.deepEqual(asked.trailerFields, ['x-sum', createHash('sha256').update(body).digest('hex')]);
          assert.equal(asked.events[0], 'informational 103');
        }
      });
    });

    test('with a reset, after which the others continue', async () => {
      await withEngine(port, async (engine) => {
        const broken = post(engine, '/reset', Buffer.alloc(10));
        const whole = post(engine, '/', Buffer.alloc(1_000_000, 1));
        await Promise.all([broken.settled, whole.settled]);
        assert.deepEqual(broken.events, [`failed ${Http2ErrorCode.INTERNAL_ERROR}`]);
        assert.equal(whole.body.length, 1_000_000);
      });
    });

    test('with GOAWAY, which fails the streams that it did not process', async () => {
      await withEngine(port, async (engine) => {
        const asked = post(engine, '/goaway', Buffer.alloc(10));
        await asked.settled;
        assert.match(asked.events.at(-1) ?? '', /failed/);
        assert.ok(engine.isDraining);
      });
    });
  });
});
