import assert from 'node:assert/strict';
import http from 'node:http';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedRequest } from '../../../src/http1/errors.js';
import { writeChunkSize, writeLastChunk, writeRequestHead } from '../../../src/http1/request-writer.js';

describe('writeRequestHead', () => {
  it('writes method, path and fields as they are', () => {
    assert.equal(
      writeRequestHead('PUT', '/a%2F?q=\xe9', ['host', 'x', 'b', '1', 'A', '', 'b', 'caf\xe9 \t']),
      'PUT /a%2F?q=\xe9 HTTP/1.1\r\nhost: x\r\nb: 1\r\nA: \r\nb: caf\xe9 \t\r\n\r\n',
    );
  });

  it('rejects whatever would be more than one line, or not origin-form', () => {
    const host = ['host', 'x'];
    const rows: [string, string, string[]][] = [
      ['GE T', '/', host],
      ['', '/', host],
      ['GET / HTTP/1.1\r\nx: y\r\n\r\nGET', '/', host],
      ['GET', '', host],
      ['GET', '*', host],
      ['GET', 'http://x/', host],
      ['GET', '/a b', host],
      ['GET', '/a\r\nx: y', host],
      ['GET', '/ HTTP/1.1\r\nx: y\r\n\r\nGET /', host],
      ['GET', '/\0', host],
      ['GET', '/\u0161', host],
      ['GET', '/', []],
      ['GET', '/', [...host, 'x', 'a\r\nb: c']],
      ['GET', '/', [...host, 'x', 'a\nb']],
      ['GET', '/', [...host, 'x', 'a\r']],
      ['GET', '/', [...host, 'x', '\u0161']],
      ['GET', '/', [...host, 'x y', '1']],
      ['GET', '/', [...host, '', '1']],
      ['GET', '/', [...host, 'a: b\r\nc', '1']],
      ['GET', '/', [...host, 'a: b', '1']],
    ];
    for (const [method, path, fields] of rows) {
      assert.throws(
        () => writeRequestHead(method, path, fields),
        MalformedRequest,
        JSON.stringify([method, path, fields]),
      );
    }
  });

  it('validates a value whenever it differs from the last of its name', () => {
    for (const name of ['x-again', 'cookie', 'a'.repeat(100)]) {
      for (const value of ['good', 'good', 'bad\r\nx: y', 'good', 'bad\0', 'other', 'good']) {
        const head = written(() => writeRequestHead('GET', '/', [name, value]));
        assert.equal(head, value.startsWith('bad') ? undefined : `GET / HTTP/1.1\r\n${name}: ${value}\r\n\r\n`);
      }
    }
  });

  it('is read as one request, with the same fields, by the parser of node:http', async () => {
    const texts = fc.string({ unit: 'binary', maxLength: 6 });
    const fields = fc.array(fc.tuple(texts, texts), { maxLength: 3 }).map((pairs) => pairs.flat());
    const path = texts.map((text) => `/${text}`);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'DELETE'), path, fields, async (method, url, more) => {
        const raw = ['host', 'x', ...more, 'connection', 'close'];
        const head = written(() => writeRequestHead(method, url, raw));
        if (head === undefined || framed(raw)) return;
        const request = await readByNode(head);
        const values = raw.map((text, at) => (at % 2 === 0 ? text : text.replace(/^[\t ]+|[\t ]+$/g, '')));
        assert.deepEqual([request.method, request.url, request.rawHeaders], [method, url, values]);
      }),
    );
  });
});

describe('chunks', () => {
  it('have their size in hexadecimal, and end with the trailers', () => {
    assert.equal(writeChunkSize(0x1ab), '1ab\r\n');
    assert.equal(writeLastChunk([]), '0\r\n\r\n');
    assert.equal(writeLastChunk(['x-sum', '1', 'y', '']), '0\r\nx-sum: 1\r\ny: \r\n\r\n');
  });

  it('reject trailers that would be more than one line each', () => {
    for (const trailers of [
      ['x', 'a\r\nb: c'],
      ['x', 'a\r\n\r\nGET / HTTP/1.1'],
      ['x y', '1'],
      ['x', '\0'],
    ]) {
      assert.throws(() => writeLastChunk(trailers), MalformedRequest);
    }
  });
});

function written(write: () => string): string | undefined {
  try {
    return write();
  } catch (thrown) {
    assert.ok(thrown instanceof MalformedRequest);
    return undefined;
  }
}

// A body would have to follow; the agent frames it.
function framed(raw: readonly string[]): boolean {
  return raw.some(
    (name, at) =>
      at % 2 === 0 &&
      /^(?:content-length|transfer-encoding|host|connection|expect|upgrade)$/i.test(name) &&
      at > 1 &&
      at < raw.length - 2,
  );
}

function readByNode(head: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const server = http.createServer((request) => resolve(request));
    server.on('clientError', reject);
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    server.emit('connection', connection);
    connection.push(Buffer.from(head, 'latin1'));
  });
}
