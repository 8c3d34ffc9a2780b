/** The reverse proxies of `docs/reverse-proxies.md` as an operator uses them: they end TLS, the edge behind them gates. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { CADDYFILE, caddy, caddyMissing, startCaddy, startCaddyOnDemand } from '../../support/caddy.js';
import { haproxyMissing, startHaproxy } from '../../support/haproxy.js';
import { inWorld } from '../../support/in-world.js';
import { type Nginx, nginxMissing, startNginx } from '../../support/nginx.js';
import { freePort } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';
import type { startTlsFront } from '../../support/tls-front.js';
import { Transcript } from '../../support/transcript.js';
import { startWorld } from '../../support/world.js';

interface Front {
  readonly name: string;
  readonly skip: string | false;
  readonly start: typeof startTlsFront;
}

let nginx: Nginx;
const FRONTS: readonly Front[] = [
  { name: 'config/Caddyfile', skip: caddyMissing(), start: startCaddy },
  { name: 'nginx as documented', skip: nginxMissing(), start: startNoted },
  { name: 'HAProxy as documented', skip: haproxyMissing(), start: startHaproxy },
];

async function startNoted(...ports: Parameters<typeof startNginx>): Promise<Nginx> {
  nginx = await startNginx(...ports);
  return nginx;
}

for (const { name, skip, start } of FRONTS) {
  describe(name, { skip }, () => {
    const edgeEnv = { POSTERN_TRUST_PROXY: '127.0.0.1' };
    const { world, visitor: ana } = inWorld({ as: 'ana', domain: 'tunnel.test', front: start, edgeEnv });

    test('a visitor signs in over https with cookies of the host alone', () => {
      const names = ana.jar.cookies(`${world.url}/`).map(({ name }) => name);
      assert.ok(names.length > 0 && names.every((name) => name.startsWith('__Host-')), names.join(', '));
    });

    test('the target is told the address that the proxy saw, not the one that a visitor claims', async () => {
      const headers = {
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'evil.test',
      };
      const echo = (await ana.fetch(`${world.url}/echo`, { headers })).json() as Echo;
      const seen = (name: string) =>
        echo.rawHeaders.filter((_, at, all) => at % 2 === 1 && all[at - 1]?.toLowerCase() === name);
      assert.deepEqual(seen('x-forwarded-for'), ['127.0.0.1']);
      assert.deepEqual(seen('x-forwarded-proto'), ['https']);
      assert.deepEqual(seen('x-forwarded-host'), [new URL(world.url).host]);
    });

    test('events arrive as they happen', async () => {
      const events = new Transcript((await ana.stream(`${world.url}/sse?key=caddy&n=2`)).body);
      await events.says('event 0');
      await world.target.release('caddy');
      await events.says('event 1');
      assert.equal(await events.ended, undefined);
    });

    test('WebSockets pass', async () => {
      const socket = await ana.socket(`${world.url}/chat`, { protocols: ['sample'] });
      assert.equal(socket.protocol, 'sample');
      socket.send('hello');
      assert.equal(String((await once(socket, 'message'))[0]), 'hello');
      socket.send('close 4001');
      assert.equal((await once(socket, 'close'))[0], 4001);
    });

    test('an upload of ten megabytes passes whole', async () => {
      const body = Buffer.alloc(10_000_000, 'postern ');
      const echo = (await ana.fetch(`${world.url}/upload`, { method: 'POST', body })).json() as Echo;
      assert.equal(echo.bodyBytes, body.length);
    });

    for (const [what, path, until] of [
      ['a download', '/bytes?n=1000000000', '1 1 1'],
      ['a download of unknown length', '/bytes?n=1000000000&chunked', '1 1 1'],
      ['a silent stream of events', '/sse?key=never', 'event 0'],
    ] as const) {
      test(`the target is told of a visitor who leaves ${what}`, async () => {
        const { body } = await ana.stream(world.url + path);
        await new Transcript(body).says(until);
        body.destroy();
        await world.target.event('aborted', path);
      });
    }

    test('the target is told of a visitor who leaves before the response', async () => {
      const waiting = ana.fetch(`${world.url}/hang?left`);
      waiting.catch(() => {}); // it is left on purpose
      await world.target.event('request', '/hang?left');
      ana.close();
      await world.target.event('aborted', '/hang?left');
    });

    if (start !== startNoted) return;
    test('streams stay that are silent for longer than nginx waits by itself', async () => {
      const events = new Transcript((await ana.stream(`${world.url}/sse?key=silent&n=2`)).body);
      const socket = await ana.socket(`${world.url}/ws`);
      await events.says('event 0');
      await nginx.closedSilence();
      await world.target.release('silent');
      await events.says('event 1');
      socket.send('still here');
      assert.equal(String((await once(socket, 'message'))[0]), 'still here');
    });
  });
}

describe('config/Caddyfile', { skip: caddyMissing() }, () => {
  test('the Caddyfile is valid and formatted', async () => {
    assert.deepEqual(await caddy('validate', ['--config', CADDYFILE, '--adapter', 'caddyfile']).exited, {
      code: 0,
      signal: null,
    });
    const formatted = caddy('fmt', [CADDYFILE]);
    await formatted.exited;
    assert.equal(formatted.stdout.trim(), readFileSync(CADDYFILE, 'utf8').trim());
  });
});

describe('Caddy that obtains each certificate when it is asked for', { skip: caddyMissing() }, () => {
  const { world } = inWorld();
  const handshake = async (port: number, servername: string) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subjectaltname } = socket.getPeerCertificate();
    socket.destroy();
    return subjectaltname;
  };

  test('N18 obtains those of the base host and of an online tunnel, and no other', async (t) => {
    const port = await freePort();
    const front = await startCaddyOnDemand(port, world.ports.edge, world.ports.admin);
    t.after(() => front.close());
    for (const host of ['localhost', 'demo.localhost']) assert.equal(await handshake(port, host), `DNS:${host}`);
    for (const host of ['other.localhost', 'a.demo.localhost', 'elsewhere.test', 'www.localhost'])
      await assert.rejects(() => handshake(port, host), /alert internal error/);
  });
});

const TCP_TABLE = '/proc/net/tcp';
const KEEP_ALIVE_TIMER = '02';

describe('a visitor who vanishes without a word', {
  skip: existsSync(TCP_TABLE) ? false : `no ${TCP_TABLE} here`,
}, () => {
  test('TCP keep-alive asks for a visitor who vanishes without a word', async () => {
    const world = await startWorld();
    try {
      const socket = connect(world.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write('GET / HTTP/1.1\r\n'); // accepted, and read
      await Promise.race([once(socket, 'data'), world.visitor().fetch(world.base)]);
      assert.equal(timerOf(world.port, socket.localPort ?? 0), KEEP_ALIVE_TIMER);
      socket.destroy();
    } finally {
      await world.close();
    }
  });
});

/** Which timer of the kernel runs on the side of a connection that has the port `local` (proc(5), `/proc/net/tcp`). */
function timerOf(local: number, remote: number): string | undefined {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync(TCP_TABLE, 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/ +/));
  const row = rows.find(([, here, there]) => here?.endsWith(hex(local)) && there?.endsWith(hex(remote)));
  return row?.[5]?.slice(0, 2);
}
