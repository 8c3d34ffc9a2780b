/**
 * A WebSocket passes the same gate as a request, opens from its own tunnel's pages only, is an upgrade to
 * nothing else, and ends with what let it in.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { WebSocket } from 'ws';
import { headerValues } from '../../../src/http/fields.js';
import { handshakeRequest, KEY, refusedUpgrade } from '../../support/handshakes.js';
import { inWorld } from '../../support/in-world.js';
import type { Program } from '../../support/processes.js';
import { accepting, RawTarget } from '../../support/raw-target.js';
import { Transcript } from '../../support/transcript.js';
import { overEach } from '../../support/versions.js';
import { RefusedUpgrade, rawExchange, type Visitor } from '../../support/visitor.js';

/** Answers to an upgrade that are none; a socket that were tunnelled behind them would carry requests of its own. */
const FAKES: readonly (readonly [what: string, bytes: string])[] = [
  ['403', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\n\r\nsmuggled'],
  [
    '426',
    'HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nnosmuggled',
  ],
  ['503', 'HTTP/1.1 503 Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\nsmuggled'],
  ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled'],
  ['200 with the words of a 101', 'HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nsmuggled'],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\nsmuggled'],
  ['302', 'HTTP/1.1 302 Found\r\nLocation: /internal\r\nContent-Length: 0\r\n\r\nsmuggled'],
  ['101 without a proof', 'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nsmuggled'],
  [
    '101 with a wrong proof',
    'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\nsmuggled',
  ],
  ['101 to another protocol', 'HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nsmuggled'],
  ['no HTTP', 'smuggled\r\n\r\n'],
];

describe('a WebSocket', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let raw: RawTarget;
  let host: string;
  let cookie: string;

  before(async () => {
    raw = await RawTarget.start();
    await world.startAgent({ name: 'dev-raw', targetUrl: raw.url });
    await ana.signIn(`${world.urlOf('dev-raw')}/`, 'ana');
    host = new URL(world.url).host;
    cookie = `Cookie: ${ana.jar.header(new URL(world.url), { site: 'none', safeNavigation: true })}`;
  });
  after(async () => {
    await raw?.close();
  });

  const handshake = (path: string, ...more: string[]) => handshakeRequest(host, path, more);
  const refusal = (path: string, options: Parameters<Visitor['socket']>[1] = {}, visitor = ana) =>
    refusedUpgrade(visitor, `${world.url}${path}`, options);

  // A page of the tunnel itself is `http://demo.localhost:<port>`.
  const FOREIGN = [
    'https://evil.test',
    'null',
    '',
    'http://localhost',
    'http://sibling.localhost',
    'http://demo.localhost',
    'http://demo.localhost:1',
    'https://demo.localhost',
    'http://x.demo.localhost',
    'http://demo.localhost.evil.test',
    'file://',
    'chrome-extension://abcdef',
  ];

  overEach(world, (version) => {
    describe('a refused one', () => {
      test('H1 because nobody is signed in gets 401 and never reaches the app', async () => {
        const stranger = world.visitor();
        const { status, headers } = await refusal('/ws?stranger', {}, stranger);
        assert.deepEqual([status, headers['postern-error']], [401, 'ERR_LOGIN_REQUIRED']);
        assert.ok(!(await world.target.seen()).some(({ url }) => url === '/ws?stranger'));
      });

      for (const origin of FOREIGN) {
        test(`H2 because it comes from ${origin} gets 403 and never reaches the app`, async () => {
          const { status, headers } = await refusal('/ws?foreign', { origin });
          assert.deepEqual([status, headers['postern-error']], [403, 'ERR_CROSS_SITE']);
          assert.ok(!(await world.target.seen()).some(({ url }) => url === '/ws?foreign'));
        });
      }

      test('H2 without an origin, from a program, is none', async () => {
        const answers = await rawExchange(world.port, handshake('/ws', cookie), '\r\n\r\n');
        assert.match(answers, /^HTTP\/1\.1 101 /);
      });

      for (const [what, change] of [
        ['version 8', (head: string) => head.replace('Version: 13', 'Version: 8')],
        ['no key', (head: string) => head.replace(`Sec-WebSocket-Key: ${KEY}\r\n`, '')],
        ['a short key', (head: string) => head.replace(KEY, 'AAAA')],
        ['POST', (head: string) => head.replace('GET', 'POST')],
        ['an absolute target', (head: string) => head.replace('/ws?odd', `http://${host}/ws?odd`)],
      ] as const) {
        // What an extended CONNECT does not have is no fault of it (RFC 8441 section 5).
        if (version === 'HTTP/2' && !['version 8', 'an absolute target'].includes(what)) continue;
        test(`H6 because of ${what} gets 4xx and never reaches the app`, async () => {
          const answers = await rawExchange(world.port, change(handshake('/ws?odd', cookie)));
          assert.match(answers, /^HTTP\/1\.1 4\d\d /);
          // Another version is told which one there is (RFC 6455 section 4.4).
          const code = what === 'version 8' ? 'ERR_PROTOCOL_VERSION' : 'ERR_BAD_REQUEST';
          assert.match(answers, new RegExp(`\\r\\nPostern-Error: ${code}\\r\\n`, 'i'));
          assert.ok(!(await world.target.seen()).some(({ url }) => url.includes('/ws?odd')));
        });
      }

      for (const offer of ['h2c', 'TLS/1.2', 'websocket, h2c', 'websocket2', 'h2c\r\nUpgrade: websocket']) {
        if (version === 'HTTP/1.1')
          test(`H6 to ${JSON.stringify(offer)} is no upgrade: the app sees an ordinary request without the offer`, async () => {
            await world.target.forget();
            const head = handshake('/ordinary', cookie).replace('Upgrade: websocket', `Upgrade: ${offer}`);
            const closing = head.replace('Connection: Upgrade', 'Connection: Upgrade, close');
            assert.match(await rawExchange(world.port, closing), /^HTTP\/1\.1 200 /);
            const [seen] = await world.target.seen();
            assert.deepEqual([seen?.url, seen?.upgrade], ['/ordinary', false]);
            assert.deepEqual(headerValues(seen?.rawHeaders ?? [], 'upgrade'), []);
          });
      }

      test('H2 because it comes from the sibling tunnel that asks on the same port gets 403', async () => {
        const origin = world.urlOf('dev-sibling');
        assert.equal((await refusal('/ws?sibling', { origin })).status, 403);
        for (const two of [
          `Origin: ${world.url}\r\nOrigin: ${origin}`,
          `Origin: ${world.url}, ${origin}`,
          `Origin: ${world.url}/`,
        ]) {
          const answers = await rawExchange(world.port, handshake('/ws?sibling', cookie, two));
          assert.match(answers, /^HTTP\/1\.1 403 /, two);
        }
        assert.ok(!(await world.target.seen()).some(({ url }) => url === '/ws?sibling'));
      });

      test('H2 opens from an origin that the tunnel names, and from no other', async () => {
        const [front, other] = ['https://web.acme.com', 'http://localhost:3000'];
        const name = `dev-front-${version.at(-1)}`;
        await world.startAgent({ name, args: ['--allow-origin', front, '--allow-origin', other] });
        const url = world.urlOf(name);
        await ana.signIn(`${url}/`, 'ana');
        for (const origin of [front, other, url, 'HTTPS://WEB.ACME.COM']) {
          const socket = await ana.socket(`${url}/ws?${origin}`, { origin });
          socket.close();
        }
        // The app reads the visitor's origin, unless it is the tunnel's: then its own.
        const seen = (await world.target.seen()).filter(({ url: path }) => path.startsWith('/ws?http'));
        const origins = seen.map(({ rawHeaders }) => headerValues(rawHeaders, 'origin').join());
        assert.deepEqual(origins, [front, other, world.target.url]);
        for (const origin of [
          ...FOREIGN,
          world.url,
          'https://web.acme.com.evil.test',
          'http://web.acme.com',
          'https://acme.com',
        ]) {
          const error = await ana.socket(`${url}/ws?foreign`, { origin }).catch((reason: unknown) => reason);
          assert.ok(error instanceof RefusedUpgrade && error.status === 403, origin);
        }
        const answers = await refusalOfOrigin('https://web.acme.com');
        assert.equal(answers.status, 403); // what one tunnel names, another has not named
      });
      const refusalOfOrigin = (origin: string) => refusal('/ws?named-elsewhere', { origin });

      test('H3 because the rules do not let somebody in gets 403, and because of its host 4xx', async () => {
        const eve = world.visitor();
        await eve.signIn(`${world.url}/`, 'eve');
        const { status, headers } = await refusal('/ws?eve', {}, eve);
        assert.deepEqual([status, headers['postern-error']], [403, 'ERR_ACCESS_DENIED']);
        // A client of HTTP/2 is told to take another connection for a host that is not ours.
        const foreign = version === 'HTTP/2' ? 421 : 404;
        const hosts: readonly (readonly [string, number])[] = [
          ['evil.example', foreign],
          ['nobody.localhost', 401],
          ['127.0.0.1', foreign],
          [`${host}@evil`, 400],
          [`${host}\r\nHost: evil.example`, 400],
          ['x.demo.localhost', 404],
          [new URL(world.base).host, 404],
        ];
        for (const [written, expected] of hosts) {
          const head = handshake('/ws?elsewhere', cookie).replace(`Host: ${host}`, `Host: ${written}`);
          assert.match(await rawExchange(world.port, head), new RegExp(`^HTTP/1\\.1 ${expected} `), written);
        }
        for (const path of ['/.postern/session', '/.postern/link', '/ws#x'])
          assert.match(await rawExchange(world.port, handshake(path, cookie)), /^HTTP\/1\.1 40[04] /, path);
        assert.ok(!(await world.target.seen()).some(({ url }) => /eve|elsewhere|postern|#/.test(url)));
      });

      test('H3 brings the app the same identity as a request, and nothing that the visitor made up', async () => {
        const spoofed = ['X-Forwarded-Email: evil', 'x_forwarded_user: evil', 'Connection: Upgrade, X-Forwarded-Email'];
        await rawExchange(world.port, handshake('/ws?h3', cookie, ...spoofed), '\r\n\r\n');
        const upgrade = (await world.target.seen()).find(({ url }) => url === '/ws?h3');
        const told = (name: string) => headerValues(upgrade?.rawHeaders ?? [], name);
        assert.deepEqual([told('x-forwarded-email'), told('x-forwarded-user')], [['ana@acme.com'], ['ana']]);
        assert.deepEqual([told('x_forwarded_user'), told('cookie')], [[], []]);
      });

      test('H5 by the app closes the connection, and what follows is no request', async () => {
        const behind = `GET /behind HTTP/1.1\r\nHost: ${host}\r\n${cookie}\r\n\r\n`;
        const answers = await rawExchange(world.port, handshake('/ws-refuse', cookie) + behind);
        assert.equal(answers.match(/HTTP\/1\.1 /g)?.length, 1);
        assert.ok(!(await world.target.seen()).some(({ url }) => url === '/behind'));
      });

      for (const [what, bytes] of FAKES) {
        test(`H5 by ${what} is relayed, and its socket is no tunnel`, async () => {
          raw.answer('/fake', (socket) => {
            socket.write(bytes.replaceAll('LENGTH', '4'));
          });
          const head = handshake('/fake', `Cookie: ${ana.jar.header(new URL(world.urlOf('dev-raw')))}`);
          const before = raw.heads.length;
          const own = head.replace(`Host: ${host}`, `Host: ${new URL(world.urlOf('dev-raw')).host}`);
          const answers = await rawExchange(world.port, `${own}GET /internal HTTP/1.1\r\nHost: internal\r\n\r\n`);
          assert.equal(answers.match(/HTTP\/1\.1 /g)?.length, 1, answers);
          assert.doesNotMatch(answers, /^HTTP\/1\.1 (?:101|2)/);
          assert.equal(answers.includes('smuggled'), false);
          assert.deepEqual(
            raw.heads.slice(before).map((text) => text.split('\r\n')[0]),
            ['GET /fake HTTP/1.1'],
          );
        });
      }

      test('H6 because of a line break in what it asks for is refused, or reaches the app as one line', async () => {
        const ofHttp1 = version === 'HTTP/1.1' ? ['Upgrade: websocket\r X: y'] : [];
        for (const line of [
          ...ofHttp1,
          'Sec-WebSocket-Protocol: a\r\n X: y',
          'Sec-WebSocket-Protocol: a\rX: y',
          'Sec-WebSocket-Protocol: a\0b',
        ]) {
          const answers = await rawExchange(world.port, handshake('/ws?crlf', cookie, line));
          assert.match(answers, /^HTTP\/1\.1 400 /, JSON.stringify(line));
        }
        assert.ok(!(await world.target.seen()).some(({ url }) => url === '/ws?crlf'));
      });

      test('H7 because of two thousand headers gets 431, and an odd subprotocol the answer of the app', async () => {
        const many = Array.from({ length: 2_000 }, (_, at) => `X-${at}: 1`);
        assert.match(await rawExchange(world.port, handshake('/ws?many', cookie, ...many)), /^HTTP\/1\.1 431 /);
        assert.ok(!(await world.target.seen()).some(({ url }) => url === '/ws?many'));
        for (const value of [`a${' '.repeat(32_000)}b`, `a,${' ,'.repeat(16_000)}b`, '"', 'a b'])
          assert.match(
            await rawExchange(world.port, handshake('/ws', cookie, `Sec-WebSocket-Protocol: ${value}`)),
            /^HTTP\/1\.1 4\d\d /,
          );
        const socket = await ana.socket(`${world.url}/ws`); // nothing of it held the edge up
        socket.close();
      });
    });

    describe('the end of a session', () => {
      test('H11 closes its WebSocket with 1008 and breaks off its event stream, and nobody else’s', async () => {
        const bob = await world.signedIn('bob');
        const leaving = await world.signedIn('dev');
        const socket = await leaving.socket(`${world.url}/ws?leaves`);
        const events = new Transcript((await leaving.stream(`${world.url}/sse?key=leaves`)).body);
        await events.says('event 0');
        const staying = await bob.socket(`${world.url}/ws?stays`);
        const closed = closeOf(socket);
        await leaving.press(await leaving.open(`${world.url}/.postern/sign_out`));
        assert.deepEqual(await closed, [1008, 'session ended']);
        assert.ok((await events.ended) instanceof Error);
        await world.target.event('aborted', '/sse?key=leaves');
        await world.target.event('socket-closed', '/ws?leaves');
        staying.send('still here');
        const [data] = (await once(staying, 'message')) as [Buffer];
        assert.equal(String(data), 'still here');
        staying.close();
      });

      test('H11 reaches a visitor to whom the app keeps sending', async () => {
        const leaving = await world.signedIn('dev');
        const socket = await leaving.socket(`${world.url}/ws?busy`);
        socket.on('message', (data) => socket.readyState === socket.OPEN && socket.send(data));
        for (let at = 0; at < 8; at++) socket.send(randomBytes(100_000));
        const closed = closeOf(socket);
        await leaving.press(await leaving.open(`${world.url}/.postern/sign_out`));
        // Between two frames it is a close frame, inside of one the connection can only be cut.
        assert.ok([1008, 1006].includes((await closed)[0]));
        await world.target.event('socket-closed', '/ws?busy');
      });

      for (const [what, end] of [
        ['goes', (agent: Program) => agent.signal('SIGTERM')],
        ['is killed', (agent: Program) => agent.signal('SIGKILL')],
      ] as const) {
        test(`H11 of an agent that ${what}: its WebSockets close with 1012, in the middle of a frame with none`, async () => {
          const agent = await world.startAgent({ name: 'dev-gone', targetUrl: raw.url });
          await ana.signIn(`${world.urlOf('dev-gone')}/`, 'ana');
          raw.answer('/between', (socket, head) => socket.write(`${accepting(head)}\x81\x02hi`, 'latin1'));
          raw.answer('/within', (socket, head) => socket.write(`${accepting(head)}\x81\x7dhalf`, 'latin1'));
          const between = await ana.socket(`${world.urlOf('dev-gone')}/between`);
          const within = await ana.socket(`${world.urlOf('dev-gone')}/within`);
          const closed = Promise.all([closeOf(between), closeOf(within)]);
          end(agent);
          const [first, second] = await closed;
          assert.deepEqual(first, [1012, 'tunnel lost']);
          assert.equal(second[0], 1006);
          await agent.exited;
        });
      }

      test('H10 of an app that breaks off, with the link up, stays a break: no close frame is made up', async () => {
        const socket = await ana.socket(`${world.url}/ws`);
        const closed = closeOf(socket);
        socket.send('die');
        assert.deepEqual(await closed, [1006, '']);
      });

      test('H10 of one direction is the end of that direction', async () => {
        raw.answer('/half', (socket, head) => {
          socket.write(accepting(head));
          socket.once('end', () => socket.end('the last word'));
          socket.resume();
        });
        const own = handshake('/half', `Cookie: ${ana.jar.header(new URL(world.urlOf('dev-raw')))}`);
        const socket = connect({ port: world.port, host: '127.0.0.1', allowHalfOpen: true });
        const heard = new Transcript(socket);
        socket.write(own.replace(`Host: ${host}`, `Host: ${new URL(world.urlOf('dev-raw')).host}`));
        await heard.says('\r\n\r\n');
        socket.end();
        await heard.says('the last word');
        assert.equal(await heard.ended, undefined);
        socket.destroy();
      });
    });
  });

  test('H3 what others do wrong is told as theirs, and as no error of the edge', async () => {
    const since = world.edge.mark();
    const told = (code: string) => world.edge.record((line) => line['code'] === code, since);
    await refusal('/ws?wrong', { origin: 'https://evil.test' });
    await told('ERR_CROSS_SITE');
    raw.answer('/wrong', (socket) => socket.end('smuggled\r\n\r\n'));
    await refusedUpgrade(ana, `${world.urlOf('dev-raw')}/wrong`, {});
    await told('ERR_TARGET_PROTOCOL');
    const broken = await ana.socket(`${world.url}/ws`);
    const closed = closeOf(broken);
    broken.send('die');
    await closed;
    (await ana.socket(`${world.url}/ws?left`)).terminate();
    await world.target.event('socket-closed', '/ws?left');
    assert.equal(world.edge.stderr, '');
    const internal = world.edge.records().filter(({ code }) => code === 'ERR_INTERNAL');
    assert.deepEqual(internal, []);
  });
});

async function closeOf(socket: WebSocket): Promise<[number, string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, String(reason)];
}
