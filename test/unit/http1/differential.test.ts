/** Whatever our parser accepts as a response, the parser of `node:http` reads as the same one. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseResponse } from './parse-response.js';

interface Read {
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** What `node:http` reads; undefined if it rejects the response or misses a part of it. */
function readByNode(bytes: string): Promise<Read | undefined> {
  return new Promise((resolve) => {
    const connection = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done();
        connection.push(Buffer.from(bytes, 'latin1'));
        connection.push(null);
      },
    });
    const request = http.request({ createConnection: () => connection, maxHeaderSize: 1 << 20 });
    request.on('error', () => resolve(undefined));
    request.on('upgrade', () => resolve(undefined));
    request.on('response', (response) => {
      let body = '';
      response.on('data', (piece: Buffer) => {
        body += piece.toString('latin1');
      });
      response.on('error', () => resolve(undefined));
      response.on('end', () => {
        const { statusCode: status = 0, rawHeaders: fields, rawTrailers: trailers } = response;
        resolve({ status, fields, body, trailers });
      });
    });
    request.end();
  });
}

// What we accept because it has only one meaning, and llhttp rejects: white space before a colon and after a chunk's size,
// folded lines, equal lengths.
const LENIENT =
  /[ \t]+:|\r\n[ \t]|\r\n[0-9a-f]+[ \t]|;[^\r]*[ \t]|content-length:[\s\S]*content-length:|length:[^\r]*,|\r\n0{8}/i;

async function compare(bytes: string): Promise<'same' | 'refused'> {
  const { outcome, status, fields, body, trailers, pieces } = parseResponse([...bytes]);
  // White space after a value is no part of it, tabs included (RFC 9110 section 5.5), which llhttp does not know here.
  if (outcome !== 'whole' || /(?:length|encoding|connection):[^\r]*\t/i.test(bytes)) return 'refused';
  const read = await readByNode(bytes.slice(0, pieces)); // bytes after a response are not part of it
  if (read === undefined && LENIENT.test(bytes)) return 'refused';
  assert.deepEqual({ status, fields, body, trailers }, read, JSON.stringify(bytes));
  return 'same';
}

const WHOLE = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n3\r\nyou\r\n0\r\nA: 1\r\n\r\n',
  'HTTP/1.1 404\r\nServer: x\r\nConnection: close\r\n\r\nhello',
  'HTTP/1.0 200 OK\r\nA: \t1 \r\nA: \xe9\r\n\r\nhello',
  'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nConnection: close\r\n\r\n',
];

// What makes two readers differ, more often than any byte does.
const MUTATIONS = [
  ...['\r', '\n', '\r\n', ' ', '\t', '\0', '\x0b', '\x7f', '\xa0', '\xe9', ':', ';', ',', '0', '5', 'a', '-', '+'],
  ...['\r\n ', '\r\nContent-Length: 3', '\r\nTransfer-Encoding: chunked', 'chunked', 'HTTP/1.1 200 OK', '\r\n\r\n'],
];

describe('a response that is accepted', () => {
  it('is the same to node:http unchanged', async () => {
    for (const bytes of WHOLE) assert.equal(await compare(bytes), 'same');
  });

  it('is the same to node:http with something inserted, removed or duplicated', async () => {
    const change = fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom('', ...MUTATIONS));
    const changed = fc
      .tuple(fc.constantFrom(...WHOLE), fc.array(change, { minLength: 1, maxLength: 3 }))
      .map(([bytes, changes]) =>
        changes.reduce((text, [place, taken, put]) => {
          const at = place % (text.length + 1);
          return text.slice(0, at) + put + text.slice(at + taken);
        }, bytes),
      );
    let same = 0;
    await fc.assert(
      fc.asyncProperty(changed, async (bytes) => {
        if ((await compare(bytes)) === 'same') same += 1;
      }),
      { numRuns: 2_000 },
    );
    assert.ok(same > 100, 'hardly an answer was read: nothing was compared');
  });
});
