import assert from 'node:assert/strict';
import http, { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { VisitorRequest } from '../../../../../src/edge/visitors/http1/header-lookup.js';

const NAMES = [
  ...['age', 'authorization', 'content-type', 'etag', 'expires', 'from', 'if-modified-since', 'if-unmodified-since'],
  ...['last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer', 'retry-after', 'server'],
  ...['user-agent', 'cookie', 'set-cookie', 'date', 'accept', 'origin', 'vary', 'x-forwarded-for', 'cache-control'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'x', 'X_Y', 'x.y', `x-${'long'.repeat(30)}`],
];

const names = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom(...NAMES).map((name) => name.toUpperCase()),
  fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/),
);
const values = fc.stringMatching(/^(?:[\x21-\x7e](?:[\x20-\x7e]{0,8}[\x21-\x7e])?)?$/);

describe('the headers of a visitor’s request', () => {
  it('are those that node:http finds, in its order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(names, values), { maxLength: 8 }), async (lines) => {
        fc.pre(
          lines.every(([name]) => !/^(?:host|content-length|transfer-encoding|connection|expect|upgrade)$/i.test(name)),
        );
        const raw = ['Host: demo.localhost', ...lines.map(([name, value]) => `${name}: ${value}`)];
        const [ours, nodes] = [await read(VisitorRequest, raw), await read(IncomingMessage, raw)];
        assert.ok(ours instanceof VisitorRequest);
        assert.deepEqual(ours.rawHeaders, nodes.rawHeaders);
        assert.deepEqual(Object.entries(ours.headers), Object.entries(nodes.headers));
      }),
      { numRuns: 500 },
    );
  });

  it('are those of one request each, however alike they are', async () => {
    for (const cookie of ['a=1', 'a=2', 'a=1']) {
      const { headers } = await read(VisitorRequest, ['Host: x', `Cookie: ${cookie}`, 'cookie: b=3']);
      assert.deepEqual(headers, { host: 'x', cookie: `${cookie}; b=3` });
    }
  });

  it('frame its body', async () => {
    const request = await read(VisitorRequest, ['Host: x', 'Content-Length: 4'], 'body');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    assert.equal(Buffer.concat(chunks).toString(), 'body');
  });
});

function read(type: typeof IncomingMessage, lines: readonly string[], body = ''): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const server = http.createServer({ IncomingMessage: type }, (request) => resolve(request));
    server.on('clientError', reject);
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    server.emit('connection', connection);
    connection.push(Buffer.from(`POST / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
  });
}
