/**
 * Everywhere an edge can listen, as an operator sets it up: several addresses, a Unix socket behind a reverse proxy, and
 * sockets that a supervisor has opened.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { freePort, POSTERN, Program, runPostern } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const folder = temporaryFolder('sockets');

describe('an edge on a port and a Unix socket', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  const path = join(folder, 'edge.sock');

  /** The tunnel as a reverse proxy reaches it over the Unix socket, with the cookies of the visitor. */
  async function throughSocket(forwardedFor: string | undefined): Promise<Echo> {
    const { host } = new URL(world.url);
    const cookie = ana.jar.cookies(`${world.url}/`).map(({ name, value }) => `${name}=${value}`);
    const headers = {
      host,
      cookie: cookie.join('; '),
      'sec-fetch-site': 'none',
      ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
    };
    const asked = request({ socketPath: path, path: '/echo', headers });
    asked.end();
    const [response] = await once(asked, 'response');
    return JSON.parse(await text(response)) as Echo;
  }

  const forwardedFor = ({ rawHeaders }: Echo) =>
    rawHeaders.filter((_, at, all) => at % 2 === 1 && all[at - 1]?.toLowerCase() === 'x-forwarded-for');

  test('serves both, and takes the address of a visitor from who may open the socket', async () => {
    await world.edge.terminate();
    const port = `127.0.0.1:${world.port}`;
    const back = world.agent.mark();
    const edge = await world.startEdge({ POSTERN_LISTEN: `http://${port},unix:${path}` });
    const up = edge.records().find(({ msg }) => msg === 'edge up');
    assert.deepEqual(up?.['addresses'], [`http://${port}`, `unix:${path}`]);
    await world.agent.record(({ event }) => event === 'online', back);
    assert.equal(statSync(path).mode & 0o777, 0o660);
    assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
    assert.deepEqual(forwardedFor(await throughSocket('203.0.113.9')), ['203.0.113.9']);
    assert.deepEqual(forwardedFor(await throughSocket(undefined)), ['127.0.0.1']);
  });

  test('leaves no file behind, and takes the place of one that a killed edge has left', async () => {
    await world.edge.kill();
    assert.equal(existsSync(path), true);
    const edge = await world.startEdge({ POSTERN_LISTEN: `127.0.0.1:${world.port},unix:${path}` });
    const second = await runPostern(['edge'], { ...world.edgeEnv(), POSTERN_LISTEN: `unix:${path}` });
    assert.equal(second.exit.code, 1);
    assert.match(second.stderr, /^postern: POSTERN_LISTEN: cannot listen on unix:\S+: another program listens on it/);
    await edge.terminate();
    assert.equal(existsSync(path), false);
  });

  test('is up on no address when one of them is taken', async () => {
    const taken = createServer().listen(await freePort(), '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const listen = `unix:${path},127.0.0.1:${port}`;
    const { exit, stderr } = await runPostern(['edge'], { ...world.edgeEnv(), POSTERN_LISTEN: listen });
    taken.close();
    assert.deepEqual([exit.code, existsSync(path)], [1, false]);
    assert.equal(
      stderr,
      `postern: POSTERN_LISTEN: cannot listen on 127.0.0.1:${port}: another program uses it; stop that one or choose another address.\n`,
    );
  });
});

/** An edge that its parent starts as systemd does: with open sockets, their number and the id of the process. */
function startWith(outer: Server, env: Record<string, string>, listenPid = '$$'): Program {
  const { fd } = (outer as unknown as { _handle: { fd: number } })._handle; // what systemd holds as well: a descriptor
  return new Program({
    name: 'edge with sockets of its parent',
    command: '/bin/sh',
    script: '-c',
    args: [`LISTEN_PID=${listenPid} exec "$0" "$@"`, process.execPath, POSTERN, 'edge'],
    env: { ...env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' },
    descriptors: [fd],
  });
}

describe('an edge whose sockets systemd hands over', () => {
  const { world } = inWorld();

  test('serves on them, and not on those of another process', async () => {
    const outer = createServer().listen(0, '127.0.0.1');
    await once(outer, 'listening');
    const { port } = outer.address() as { port: number };
    const env = { ...world.edgeEnv(), POSTERN_ADMIN_LISTEN: '127.0.0.1:0' };
    const edge = startWith(outer, { ...env, POSTERN_LISTEN: 'systemd:web' });
    const other = startWith(outer, { ...env, POSTERN_LISTEN: 'fd:3' }, '1');
    await edge.record((line) => line['msg'] === 'edge up' && line['port'] === port);
    outer.close();
    assert.equal(
      (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).headers.get('postern-error'),
      'ERR_TUNNEL_UNKNOWN',
    );
    assert.equal((await other.exited).code, 1);
    assert.match(other.stderr, /POSTERN_LISTEN: cannot listen on fd:3: no socket was handed over/);
    assert.deepEqual(await edge.terminate(), { code: 0, signal: null });
  });
});
