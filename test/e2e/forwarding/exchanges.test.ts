/**
 * What passes the gate is carried as it is: bodies stream both ways without being gathered, and an end is an end on
 * both sides. Real edge, agent, target and provider, each a process of its own.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { freePort } from '../../support/processes.js';
import { type Echo, patternBytes } from '../../support/target-paths.js';
import { Transcript } from '../../support/transcript.js';
import { overEach } from '../../support/versions.js';
import { rawExchange } from '../../support/visitor.js';

// Around the sizes at which something changes: an HTTP/2 frame, a WebSocket length field, a stream's window.
const SIZES = [0, 1, 16_383, 16_384, 65_535, 1_048_576, 20_971_520];

describe('forwarding', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });

  const cookie = () => ana.jar.header(new URL(world.url), { site: 'none', safeNavigation: true });
  const rawHead = (line: string, ...more: string[]) =>
    [line, `Host: ${new URL(world.url).host}`, `Cookie: ${cookie()}`, ...more, '', ''].join('\r\n');

  describe('a body', () => {
    for (const bytes of SIZES) {
      test(`a body of ${bytes} bytes arrives whole at the target, with and without a length`, async () => {
        const body = randomBytes(bytes);
        const sent = [
          await ana.fetch(`${world.url}/upload`, { method: 'PUT', body }),
          await ana.fetch(`${world.url}/upload`, { method: 'PUT', body: Readable.from([body]) }),
        ];
        for (const response of sent) {
          const echo = response.json() as Echo;
          assert.deepEqual([echo.bodyBytes, echo.bodySha256], [bytes, sha256([body])]);
        }
      });

      test(`a body of ${bytes} bytes arrives whole at the visitor, with and without a length`, async () => {
        for (const form of ['', '&chunked']) {
          const response = await ana.fetch(`${world.url}/bytes?n=${bytes}${form}`);
          assert.equal(response.headers['content-length'], form === '' ? String(bytes) : undefined);
          assert.deepEqual([response.bytes.length, sha256([response.bytes])], [bytes, sha256(patternBytes(bytes))]);
        }
      });
    }

    test('a hundred requests at once have a body each of their own', async () => {
      const sizes = Array.from({ length: 100 }, (_, index) => 1_000 + index * 997);
      await Promise.all(
        sizes.map(async (bytes) => {
          const body = randomBytes(bytes);
          const [up, down] = await Promise.all([
            ana.fetch(`${world.url}/upload?${bytes}`, { method: 'POST', body }),
            ana.fetch(`${world.url}/bytes?n=${bytes}`),
          ]);
          assert.equal(up.status, 200, up.text);
          const { url, bodySha256 } = up.json() as Echo;
          assert.deepEqual([url, bodySha256], [`/upload?${bytes}`, sha256([body])]);
          assert.equal(sha256([down.bytes]), sha256(patternBytes(bytes)));
        }),
      );
    });

    test('a body that is not read holds back no other', async () => {
      const idle = await Promise.all(
        Array.from({ length: 8 }, () => ana.stream(`${world.url}/bytes?n=100000000&unread`)),
      );
      const response = await ana.fetch(`${world.url}/bytes?n=20971520`);
      assert.equal(response.bytes.length, 20_971_520);
      for (const { body } of idle) body.destroy();
    });

    test('a body is framed towards the target as the visitor framed it', async () => {
      const framing = async (method: string, body?: string | Readable, headers: Record<string, string> = {}) => {
        const options = { method, headers, ...(body === undefined ? {} : { body }) };
        const { rawHeaders } = (await ana.fetch(`${world.url}/upload`, options)).json() as Echo;
        return ['content-length', 'transfer-encoding'].map((name) => fieldValue(rawHeaders, name));
      };
      assert.deepEqual(await framing('POST', 'four'), ['4', undefined]);
      assert.deepEqual(await framing('POST', Readable.from(['four'])), [undefined, 'chunked']);
      assert.deepEqual(await framing('POST', ''), ['0', undefined]);
      assert.deepEqual(await framing('GET'), [undefined, undefined]);
      assert.deepEqual(await framing('DELETE', 'four', { 'content-length': '4' }), ['4', undefined]);
    });
  });

  overEach(world, (version) => {
    describe('a stream', () => {
      test('a stream of events arrives event by event, while the target still waits', async () => {
        const { body, headers } = await ana.stream(`${world.url}/sse?key=live-${version.at(-1)}&n=3`);
        assert.equal(headers['content-type'], 'text/event-stream');
        const events = new Transcript(body);
        for (const event of [0, 1, 2]) {
          await events.says(`data: event ${event}\n\n`);
          assert.ok(!events.text.includes(`event ${event + 1}`));
          await world.target.release(`live-${version.at(-1)}`);
        }
        assert.equal(await events.ended, undefined);
      });

      test('an upload reaches the target piece by piece, and its response comes back meanwhile', async () => {
        const upload = new PassThrough();
        upload.write('first piece');
        const { body } = await ana.stream(`${world.url}/mirror`, 'fetch', { method: 'POST', body: upload });
        const mirrored = new Transcript(body);
        await mirrored.says('first piece');
        for (const piece of ['second piece', 'third piece']) {
          upload.write(piece);
          await mirrored.says(piece);
        }
        upload.end();
        assert.equal(await mirrored.ended, undefined);
      });

      test('the head of a response arrives before the first byte of its body', async () => {
        const { status, body } = await ana.stream(`${world.url}/held?head&key=headfirst-${version.at(-1)}`);
        assert.equal(status, 200);
        const text = new Transcript(body);
        assert.equal(text.text, '');
        await world.target.release(`headfirst-${version.at(-1)}`);
        await text.says('held');
      });
    });
  });

  describe('heads and ends', () => {
    test('trailers pass both ways, except those that frame a message or name a person', async () => {
      assert.equal((await ana.fetch(`${world.url}/trailers`)).trailers['x-checksum'], 'abc123');
      const trailers = {
        'x-sum': 'one',
        'X-Forwarded-Email': 'eve@elsewhere.test',
        x_forwarded_user: 'eve',
        cookie: 'a=b',
      };
      const body = Readable.from(['some bytes']);
      const response = await ana.fetch(`${world.url}/upload`, { method: 'POST', body, trailers });
      assert.deepEqual((response.json() as Echo).rawTrailers, ['X-Sum', 'one']);
      const mirrored = { method: 'POST', body: Readable.from(['more']), trailers: { 'x-sum': 'two' } };
      assert.equal((await ana.fetch(`${world.url}/mirror`, mirrored)).trailers['x-sum'], 'two');
    });

    test('a 103 arrives before the response', async () => {
      const { informational, status } = await ana.stream(`${world.url}/early-hints`);
      assert.deepEqual(
        informational.map((early) => [early.status, early.headers['link']]),
        [[103, '</style.css>; rel=preload; as=style']],
      );
      assert.equal(status, 200);
    });

    test('responses to HEAD, 204 and 304 have no body, and the connection carries the next request', async () => {
      const head = await ana.fetch(`${world.url}/bytes?n=1234`, { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers['content-length'], head.bytes.length], [200, '1234', 0]);
      for (const status of [204, 304]) {
        const response = await ana.fetch(`${world.url}/status/${status}`);
        assert.deepEqual([response.status, response.bytes.length], [status, 0]);
        assert.equal(response.headers['transfer-encoding'], undefined);
      }
      const answers = await rawExchange(
        world.port,
        rawHead('HEAD /bytes?n=9 HTTP/1.1') +
          rawHead('GET /status/204 HTTP/1.1') +
          rawHead('GET /status/304 HTTP/1.1') +
          rawHead('GET /bytes?n=2&last HTTP/1.1', 'Connection: close'),
      );
      assert.deepEqual(statuses(answers), [200, 204, 304, 200]);
    });

    for (const status of [200, 201, 206, 226, 299, 300, 307, 400, 401, 404, 418, 429, 451, 500, 503, 599]) {
      test(`status ${status} passes, and is not taken for the edge's`, async () => {
        const response = await ana.fetch(`${world.url}/status/${status}`);
        assert.deepEqual([response.status, response.text], [status, `status ${status}`]);
        assert.equal(response.headers['postern-error'], undefined);
      });
    }

    test('pipelined requests are answered in order', async () => {
      const paths = ['/held?key=first', '/bytes?n=70000', '/status/404', '/upload?last'];
      const pipelined = paths.map((path, at) =>
        rawHead(`GET ${path} HTTP/1.1`, ...(at === paths.length - 1 ? ['Connection: close'] : [])),
      );
      await world.target.release('first');
      const answers = await rawExchange(world.port, pipelined.join(''));
      assert.deepEqual(statuses(answers), [200, 200, 404, 200]);
      assert.ok(answers.indexOf('held') < answers.indexOf('status 404'));
    });
  });

  describe('Expect: 100-continue', () => {
    test('the edge asks for the body (100-continue) once the gate has let the request in', async () => {
      const socket = connect(world.port, '127.0.0.1');
      const response = new Transcript(socket);
      socket.write(
        rawHead('POST /upload?continued HTTP/1.1', 'Content-Length: 4', 'Expect: 100-continue', 'Connection: close'),
      );
      await response.says('HTTP/1.1 100 Continue\r\n\r\n');
      socket.write('body');
      await response.ended;
      assert.deepEqual(statuses(response.text), [100, 200]);
      assert.match(response.text, /"bodyBytes":4/);
    });
  });

  overEach(world, (version) => {
    describe('a visitor who leaves', () => {
      const leave = async (path: string, until: (transcript: Transcript) => Promise<void>) => {
        const { body } = await ana.stream(`${world.url}${path}`);
        await until(new Transcript(body));
        body.destroy();
        await world.target.event('aborted', path);
      };

      test('a visitor who leaves ends a download at the target', () =>
        leave('/bytes?n=1000000000', (text) => text.says('1 1 1')));
      test('a visitor who leaves ends a stream of events at the target', () =>
        leave('/sse?key=left', (text) => text.says('event 0')));
      test('a visitor who leaves ends a response that has only begun', () =>
        leave('/hang-after-head?left', (text) => text.says('half')));

      test('a visitor who leaves ends an upload at the target', async () => {
        const upload = new PassThrough();
        upload.write('the beginning');
        const { body, request } = await ana.stream(`${world.url}/mirror?left`, 'fetch', {
          method: 'POST',
          body: upload,
        });
        await new Transcript(body).says('the beginning');
        request.destroy();
        await world.target.event('aborted', '/mirror?left');
      });

      test('a visitor who leaves ends an upload of announced length that the target has not answered', async () => {
        const socket = connect(world.port, '127.0.0.1');
        socket.write(`${rawHead('POST /upload?cut HTTP/1.1', 'Content-Length: 1000')}only a part`);
        await world.target.event('request', '/upload?cut');
        socket.destroy();
        await world.target.event('aborted', '/upload?cut');
      });

      test('a visitor who leaves ends a request that the target leaves hanging', async () => {
        const waiting = new AbortController();
        const response = ana.fetch(`${world.url}/hang?left`, { signal: waiting.signal });
        await world.target.event('request', '/hang?left');
        waiting.abort();
        await assert.rejects(response);
        await world.target.event('aborted', '/hang?left');
      });

      test('a visitor who leaves ends the requests that he sent behind an unanswered one', async () => {
        const socket = connect(world.port, '127.0.0.1');
        socket.write(rawHead('GET /hang?first HTTP/1.1') + rawHead('GET /hang?second HTTP/1.1'));
        await world.target.event('request', '/hang?first');
        socket.destroy();
        await world.target.event('aborted', '/hang?first');
        await ana.fetch(`${world.url}/bytes?n=1`);
        const urls = (await world.target.seen()).map(({ url }) => url);
        assert.ok(urls.includes('/hang?first') && !urls.includes('/hang?second'));
      });
    });

    describe('a target that fails', () => {
      for (const path of [`/die?key=plain-${version.at(-1)}`, `/die?chunked&key=chunked-${version.at(-1)}`]) {
        test(`a target that fails in the middle of a body breaks the response, ${path}`, async () => {
          const socket = connect(world.port, '127.0.0.1');
          const text = new Transcript(socket);
          socket.write(rawHead(`GET ${path} HTTP/1.1`));
          await text.says('the beginning');
          await world.target.release(path.slice(path.lastIndexOf('=') + 1));
          await text.ended;
          assert.match(text.text, /^HTTP\/1\.1 200 /);
          assert.doesNotMatch(text.text, /\r\n0\r\n\r\n$/);
          assert.doesNotMatch(text.text, /ERR_/);
        });
      }

      test('a target that fails in its first bytes gives a status, whichever side was faster', async () => {
        for (let round = 0; round < 30; round += 1) {
          const path = round % 2 === 0 ? '/die' : '/die?chunked';
          const response = await rawExchange(world.port, rawHead(`GET ${path} HTTP/1.1`, 'Connection: close'));
          assert.match(response, /^HTTP\/1\.1 (?:200 OK|502 Bad Gateway)\r\n/);
          if (response.startsWith('HTTP/1.1 502')) assert.match(response, /\r\nPostern-Error: ERR_TARGET_REFUSED\r\n/i);
          else assert.doesNotMatch(response, /\r\n0\r\n\r\n$/);
        }
      });

      if (version === 'HTTP/1.1')
        test('a target that fails in the middle of a body breaks it for an HTTP/1.0 visitor, who knows its end by the connection only', async () => {
          const socket = connect(world.port, '127.0.0.1');
          const text = new Transcript(socket);
          socket.write(rawHead(`GET /die?chunked&key=oldest-${version.at(-1)} HTTP/1.0`));
          await text.says('the beginning');
          await world.target.release(`oldest-${version.at(-1)}`);
          const ended = await text.ended;
          assert.ok(ended instanceof Error, 'the answer looks whole');
        });

      for (const [path, code] of [
        ['/die-first', 'ERR_TARGET_REFUSED'],
        ['/nonsense', 'ERR_TARGET_PROTOCOL'],
        ['/answer?status=200&header=Transfer-Encoding: gzip, chunked', 'ERR_TARGET_PROTOCOL'],
      ] as const) {
        test(`a target that fails at ${path} gives a page to a person and JSON to a program, both with ${code}`, async () => {
          await assertRefusal(`${world.url}${path}`, 502, code);
        });
      }

      test('a target that does not listen gives 502 until it does', async () => {
        const port = await freePort();
        const name = `dev-down-${version.at(-1)}`;
        await world.startAgent({ name, targetUrl: `http://127.0.0.1:${port}` });
        const url = world.urlOf(name);
        const page = await ana.signIn(`${url}/`, 'ana');
        assert.deepEqual([page.status, page.headers['postern-error']], [502, 'ERR_TARGET_REFUSED']);
        await assertRefusal(`${url}/x`, 502, 'ERR_TARGET_REFUSED');
        const upload = await ana.fetch(`${url}/x`, { method: 'POST', body: randomBytes(200_000) });
        assert.equal(upload.status, 502);
      });

      test('a target that does not wait for a body has its early response relayed', async () => {
        const upload = new PassThrough();
        upload.write('the beginning');
        const response = await ana.stream(`${world.url}/status/413`, 'fetch', { method: 'POST', body: upload });
        assert.equal(response.status, 413);
        assert.equal(await new Transcript(response.body).ended, undefined);
        upload.end();
      });

      test('a target that does not respond at all delays no other request', async () => {
        const visitors = Array.from({ length: 20 }, () => new AbortController());
        const hanging = visitors.map(({ signal }, at) => ana.fetch(`${world.url}/hang?${version}${at}`, { signal }));
        await world.target.event('request', `/hang?${version}19`);
        assert.equal((await ana.fetch(`${world.url}/bytes?n=10`)).status, 200);
        for (const visitor of visitors) visitor.abort();
        for (const outcome of await Promise.allSettled(hanging)) assert.equal(outcome.status, 'rejected');
        await world.target.event('aborted', `/hang?${version}19`);
      });

      async function assertRefusal(url: string, status: number, code: string): Promise<void> {
        const page = await ana.navigate(url);
        assert.deepEqual([page.status, page.headers['postern-error']], [status, code]);
        assert.match(page.headers['content-type'] ?? '', /^text\/html/);
        const json = await ana.fetch(url);
        assert.deepEqual([json.status, json.headers['postern-error']], [status, code]);
        const { error } = json.json() as { error: { code: string; request_id: string } };
        assert.deepEqual([error.code, error.request_id], [code, json.headers['x-request-id']]);
        assert.equal(json.headers['cache-control'], 'no-store');
      }
    });
  });

  test('edge and agent logged no error in any of this', async () => {
    assert.equal((await ana.fetch(`${world.url}/bytes?n=10`)).status, 200);
    assert.equal(world.edge.stderr, '');
    const internal = world.edge.records().filter(({ code }) => code === 'ERR_INTERNAL');
    assert.deepEqual(internal, []);
  });
});

function sha256(chunks: Iterable<Buffer>): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

function fieldValue(rawHeaders: readonly string[], name: string): string | undefined {
  const at = rawHeaders.findIndex((field, index) => index % 2 === 0 && field.toLowerCase() === name);
  return at === -1 ? undefined : rawHeaders[at + 1];
}

function statuses(answers: string): number[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
