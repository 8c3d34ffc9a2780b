/** Both roles against Debian's nghttp2: clients `nghttp` and `h2load`, server `nghttpd`. Skipped where they are missing. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.js';
import { get, post, withEngine } from './exchange.js';
import { type ConformanceServer, startConformanceServer } from './server.js';

const run = promisify(execFile);
const MEBIBYTES_4 = 4_194_304;

function missing(program: string): string | false {
  return spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;
}

describe('the server role', () => {
  let server: ConformanceServer;
  let url: string;
  const folder = mkdtempSync(join(tmpdir(), 'postern-'));
  before(async () => {
    server = await startConformanceServer(0);
    url = `http://127.0.0.1:${server.port}`;
    writeFileSync(join(folder, 'upload'), randomBytes(MEBIBYTES_4));
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  test('sends 4 MiB to nghttp, and receives as many', { skip: missing('nghttp') }, async () => {
    const down = await run('nghttp', [`${url}/big?bytes=${MEBIBYTES_4}`], { maxBuffer: 2 * MEBIBYTES_4 });
    assert.equal(sum(down.stdout), sum('postern '.repeat(MEBIBYTES_4 / 8)));
    const up = await run('nghttp', ['-d', join(folder, 'upload'), `${url}/`]);
    assert.equal(up.stdout, `received ${MEBIBYTES_4} bytes\n`);
  });

  test('sends trailers, padding and many streams to nghttp', { skip: missing('nghttp') }, async () => {
    const { stdout } = await run('nghttp', ['-nv', '--no-push', '-m', '20', '-b', '64', `${url}/trailers`]);
    assert.equal(stdout.match(/:status: 200/g)?.length, 20);
    assert.equal(stdout.match(/x-received: 0/g)?.length, 20);
    assert.doesNotMatch(stdout, /RST_STREAM frame|error_code=(?!NO_ERROR)/);
  });

  for (const [what, args] of [
    ['2,000 requests on 4 connections', ['-n2000', '-c4', '-m50']],
    ['200 uploads', ['-n200', '-c2', '-m20']],
    ['requests with windows of 16 KiB', ['-n200', '-c2', '-m20', '-w14', '-W14']],
  ] as const) {
    test(`serves h2load with ${what}`, { skip: missing('h2load') }, async () => {
      const isUpload = what.includes('uploads');
      writeFileSync(join(folder, 'small'), Buffer.alloc(100_000, 1));
      const body = isUpload ? ['-d', join(folder, 'small')] : [];
      const { stdout } = await run('h2load', [...args, ...body, `${url}/${isUpload ? '' : 'big?bytes=50000'}`]);
      const count = args[0].slice(2);
      assert.match(stdout, new RegExp(`${count} succeeded, 0 failed, 0 errored, 0 timeout`));
      assert.match(stdout, new RegExp(`status codes: ${count} 2xx`));
    });
  }
});

describe('the client role', { skip: missing('nghttpd') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-'));
  const file = randomBytes(MEBIBYTES_4);
  let peer: ReturnType<typeof spawn>;
  let port: number;
  before(async () => {
    writeFileSync(join(folder, 'file'), file);
    port = await freePort();
    const options = ['--no-tls', '--echo-upload', '--trailer', 'x-check: 1', '-d', folder];
    peer = spawn('nghttpd', [...options, `${port}`], { stdio: 'ignore' });
  });
  after(() => {
    peer.kill();
    rmSync(folder, { recursive: true });
  });

  test('receives 4 MiB from nghttpd, and its trailers', async () => {
    await withEngine(port, async (engine) => {
      const asked = get(engine, '/file');
      await asked.settled;
      assert.equal(asked.fields[1], '200');
      assert.deepEqual(asked.trailerFields, ['x-check', '1']);
      assert.equal(sum(asked.body), sum(file));
    });
  });

  test('sends 100 concurrent bodies to nghttpd, and receives each of them', async () => {
    await withEngine(port, async (engine) => {
      const bodies = Array.from({ length: 100 }, (_, at) => file.subarray(at, at + 100_000));
      const all = bodies.map((body) => post(engine, '/echo', body));
      for (const [at, asked] of all.entries()) {
        await asked.settled;
        assert.equal(sum(asked.body), sum(bodies[at] as Buffer));
      }
    });
  });

  test('resets streams of nghttpd, and the others continue', async () => {
    await withEngine(port, async (engine) => {
      for (let at = 0; at < 20; at++) {
        const { stream } = get(engine, '/file');
        await engine.ping(); // the response is in flight
        stream.reset();
      }
      const asked = get(engine, '/file');
      await asked.settled;
      assert.equal(sum(asked.body), sum(file));
      assert.equal(engine.isDraining, false);
    });
  });
});

function sum(body: string | Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
