/**
 * By raw bytes: what a request says of its cause decides beside who asks, for requests and upgrades alike; the refusal is
 * the same for every visitor and every host name; and a response of an app is framed only by the origins that it permits.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { headerValues } from '../../../src/http/fields.js';
import { KEY } from '../../support/handshakes.js';
import { inWorld } from '../../support/in-world.js';
import { overEach } from '../../support/versions.js';
import type { Visitor } from '../../support/visitor.js';
import { sendLines, type WireResponse } from '../../support/wire.js';

const SIBLING_FETCH = ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty'];
const LINK = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'];
const FRAME = ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'];
const WEBSOCKET = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${KEY}`];

describe('the cause of a request', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', edgeEnv: { POSTERN_PUBLIC: 'true' } });
  let eve: Visitor;
  let sibling: string;

  before(async () => {
    sibling = world.urlOf('dev-two');
    await world.startAgent({ name: 'dev-open', allow: ['@acme.com', 'public'] });
    await world.startAgent({ name: 'dev-named', args: ['--allow-origin', sibling, '--allow-frame', sibling] });
    for (const name of ['dev-open', 'dev-named']) await ana.open(`${world.urlOf(name)}/.postern/session?rd=%2F`);
    eve = world.visitor();
    await eve.signIn(`${world.url}/`, 'eve');
  });

  function ask(start: string, lines: readonly string[], url = world.url, visitor: Visitor | null = ana) {
    const cookie = visitor === null ? [] : [`Cookie: ${visitor.jar.header(new URL(url))}`];
    const connection = lines.includes(WEBSOCKET[0] as string) ? 'Connection: Upgrade, close' : 'Connection: close';
    return sendLines(world.port, [`${start} HTTP/1.1`, `Host: ${new URL(url).host}`, ...cookie, ...lines, connection]);
  }

  const isForeign = ({ status, values }: WireResponse, message: string) =>
    assert.deepEqual([status, values('postern-error')], [403, ['ERR_CROSS_SITE']], message);

  /** What stays the same between two answers to the same question. */
  const face = ({ status, rawHeaders, body }: WireResponse) => {
    const ids = /"request_id":"[^"]*"|<dd>[0-9a-f-]{36}<\/dd>|<dd>(?:demo|gone)\.localhost<\/dd>/g; // and its own address
    return [
      status,
      rawHeaders.filter((_, at) => !/^(?:x-request-id|date)$/i.test(rawHeaders[at & ~1] ?? '')),
      body.replace(ids, ''),
    ];
  };

  overEach(world, () => {
    test('P5 what a browser says of a foreign page’s request keeps it out, by any method and for upgrades', async () => {
      await world.target.forget();
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        isForeign(await ask(`${method} /x`, SIBLING_FETCH), method);
        isForeign(await ask(`${method} /x`, [`Origin: ${sibling}`]), `${method} with an origin`);
        isForeign(await ask(`${method} /x`, ['Origin: null']), `${method} with no origin to tell`);
        if (method !== 'GET' && method !== 'HEAD') isForeign(await ask(`${method} /x`, LINK), `${method} by a link`);
      }
      isForeign(await ask('GET /x', FRAME), 'a frame');
      isForeign(await ask('GET /x', [...LINK, 'Sec-Purpose: prefetch;prerender']), 'a prerender');
      isForeign(await ask('GET /x', [...LINK, 'Purpose: prefetch']), 'a prefetch');
      for (const more of [[`Origin: ${sibling}`], SIBLING_FETCH, ['Origin: null', 'Sec-Fetch-Site: same-origin']]) {
        isForeign(await ask('GET /ws', [...WEBSOCKET, ...more]), `a WebSocket, ${more}`);
      }
      isForeign(await ask('GET /x', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site']), 'two sites');
      assert.deepEqual(await world.target.seen(), []);
    });

    test('P5 links, the visitor, the app’s own pages and programs are let in', async () => {
      const NODE_FETCH = ['Accept: */*', 'Accept-Language: *', 'Sec-Fetch-Mode: cors', 'User-Agent: node'];
      const ways = [
        [],
        NODE_FETCH,
        LINK,
        ['Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
        ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty', `Origin: ${world.url}`],
        ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'],
        ['Sec-Fetch-Site: same-origin', 'Sec-Purpose: prefetch'],
        [`Origin: ${world.url}`],
      ];
      for (const lines of ways) assert.equal((await ask('GET /x', lines)).status, 200, lines.join());
      for (const lines of [[], NODE_FETCH, [`Origin: ${world.url}`], ['Sec-Fetch-Site: same-origin', 'Origin: null']]) {
        assert.equal((await ask('POST /x', lines)).status, 200, lines.join());
      }
    });

    test('P5 where everybody gets in, a foreign page’s request does as nobody’s', async () => {
      const url = world.urlOf('dev-open');
      const emails = async (lines: readonly string[]) => {
        await world.target.forget();
        assert.equal((await ask('GET /open', lines, url)).status, 200);
        const [seen] = await world.target.seen();
        return headerValues(seen?.rawHeaders ?? [], 'x-forwarded-email');
      };
      assert.deepEqual(await emails([]), ['ana@acme.com']);
      assert.deepEqual(await emails(SIBLING_FETCH), []);
      assert.deepEqual(await emails([`Origin: ${sibling}`]), []);
    });

    test('P5 the refusal is the same for somebody let in, somebody who is not, a stranger, and no tunnel at all', async () => {
      const nobody = world.urlOf('gone'); // as long as the other name: a page names its address
      const questions = [
        SIBLING_FETCH,
        [...SIBLING_FETCH, `Origin: ${sibling}`],
        [...FRAME, 'Accept: text/html'],
        [`Origin: ${sibling}`, ...WEBSOCKET],
      ];
      for (const lines of questions) {
        const expected = face(await ask('GET /x?y', lines));
        for (const [url, visitor] of [
          [world.url, eve],
          [world.url, null],
          [nobody, ana],
          [nobody, null],
          [nobody, eve],
        ] as const) {
          assert.deepEqual(face(await ask('GET /x?y', lines, url, visitor)), expected, lines.join());
        }
      }
      const preflight = [...SIBLING_FETCH, `Origin: ${sibling}`, 'Access-Control-Request-Method: PUT'];
      const refused = face(await ask('OPTIONS /x', preflight));
      assert.deepEqual(face(await ask('OPTIONS /x', preflight, nobody, null)), refused);
    });

    test('P5 a page of a named origin is let in, and hears where to sign in when nobody is', async () => {
      const url = world.urlOf('dev-named');
      const lines = [...SIBLING_FETCH, `Origin: ${sibling}`];
      for (const method of ['GET', 'POST', 'PUT']) assert.equal((await ask(`${method} /x`, lines, url)).status, 200);
      const { status, body, values } = await ask('GET /x', lines, url, null);
      assert.deepEqual([status, values('access-control-allow-origin')], [401, [sibling]]);
      assert.match((JSON.parse(body) as { login_url: string }).login_url, /\/\.postern\/session\?rd=/);
    });

    test('P6 a document whose app says nothing about framing may be framed by its tunnel and the named origins alone', async () => {
      const policies = async (url: string, headers: readonly string[]) => {
        const query = new URLSearchParams(headers.map((line) => ['header', line]));
        return (await ask(`GET /answer?${query}`, [], url)).values('content-security-policy');
      };
      const html = 'Content-Type: text/html';
      const named = world.urlOf('dev-named');
      assert.deepEqual(await policies(world.url, [html]), ["frame-ancestors 'self'"]);
      assert.deepEqual(await policies(named, [html]), [`frame-ancestors 'self' ${sibling}`]);
      const own = "default-src 'self'";
      assert.deepEqual(await policies(named, [html, `Content-Security-Policy: ${own}`]), [
        own,
        `frame-ancestors 'self' ${sibling}`,
      ]);
      assert.deepEqual(await policies(named, [html, 'X-Frame-Options: DENY']), []);
      assert.deepEqual(await policies(named, [html, 'Content-Security-Policy: frame-ancestors *']), [
        'frame-ancestors *',
      ]);
      assert.deepEqual(await policies(named, ['Content-Type: application/json']), []);
      assert.equal((await ask('GET /x', FRAME, named)).status, 200);
      isForeign(await ask('POST /x', FRAME, named), 'a form that is posted into a frame');
    });

    test('P7 the preflight of a named origin is answered by the edge, without the app and without anybody’s name', async () => {
      const preflight = ['Access-Control-Request-Method: PUT', 'Access-Control-Request-Headers: content-type,x-custom'];
      await world.target.forget();
      for (const visitor of [null, eve, ana]) {
        const lines = [...SIBLING_FETCH, `Origin: ${sibling}`, ...preflight];
        const { status, values } = await ask('OPTIONS /x', lines, world.urlOf('dev-named'), visitor);
        assert.equal(status, 204);
        assert.deepEqual(values('access-control-allow-origin'), [sibling]);
        assert.deepEqual(values('access-control-allow-credentials'), ['true']);
        assert.deepEqual(values('access-control-allow-methods'), ['PUT']);
        assert.deepEqual(values('access-control-allow-headers'), ['content-type,x-custom']);
        assert.match(values('vary').join(), /Origin/);
        assert.deepEqual(values('set-cookie'), []);
      }
      for (const origin of ['https://evil.test', `${sibling}.evil.test`, 'null']) {
        const response = await ask('OPTIONS /x', [`Origin: ${origin}`, ...preflight], world.urlOf('dev-named'));
        isForeign(response, origin);
        assert.deepEqual(response.values('access-control-allow-methods'), []);
      }
      assert.deepEqual(await world.target.seen(), []);
    });

    test('P8 a form is taken over only whole, small, in UTF-8, from a named origin and without a session', async () => {
      const url = world.urlOf('dev-named');
      const { host } = new URL(url);
      const post = (body: string, lines: readonly string[] = [], origin = sibling) =>
        sendLines(
          world.port,
          [
            'POST /acs HTTP/1.1',
            `Host: ${host}`,
            `Origin: ${origin}`,
            'Accept: text/html',
            'Sec-Fetch-Site: cross-site',
            'Sec-Fetch-Mode: navigate',
            'Sec-Fetch-Dest: document',
            ...(lines.length > 0 ? lines : ['Content-Type: application/x-www-form-urlencoded']),
            `Content-Length: ${body.length}`,
            'Connection: close',
          ],
          body,
        );
      await world.target.forget();
      const taken = await post('a=%22%3E%3Cscript%3E&b=%0D%0A');
      assert.equal(taken.status, 200);
      assert.match(taken.body, /name="a" value="&quot;&gt;&lt;script&gt;"/);
      assert.match(taken.body, /name="b" value="&#13;&#10;"/);
      assert.match(taken.values('content-security-policy').join(), /script-src 'sha256-/);
      for (const body of [
        'a=%ff',
        'a=%zz',
        'a=\xe4',
        'a=%00',
        '_charset_=x',
        '=x',
        `a=${'x'.repeat(262_145)}`,
        'a&'.repeat(1_001),
      ]) {
        assert.equal((await post(body)).status, 401, body.slice(0, 20));
      }
      assert.equal((await post('a=1', ['Content-Type: multipart/form-data; boundary=x'])).status, 401);
      assert.equal((await post('a=1', ['Content-Type: text/plain'])).status, 401);
      isForeign(await post('a=1', [], 'https://evil.test'), 'a form of somebody else');
      assert.deepEqual(await world.target.seen(), []);
    });
  });
});
