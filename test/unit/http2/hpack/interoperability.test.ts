/** Blocks that others encode and decode: nghttp2, which is in `node:http2`, and python's hpack where it is installed. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Stream, sensitiveHeaders } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { pythonWith } from '../../../support/python.js';
import { contents, newDecoder, newEncoder } from './support.js';

const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

function request(order: number): string[] {
  return [
    ...[
      ':method',
      'GET',
      ':scheme',
      'http',
      ':authority',
      'demo.example',
      ':path',
      `/items?id=${order}&q=\\${'~'.repeat(order)}`,
    ],
    ...['user-agent', USER_AGENT, 'accept', '*/*', 'cookie', `sid=${'s'.repeat(50)}${order % 3}`],
    ...['authorization', 'Basic eDp5', 'x-latin1', 'caf\xe9 \xfc', `x-name-${order % 5}`, 'v'.repeat(order * 40)],
  ];
}

const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const HEADER_TABLE_SIZE = 1;

function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

function tableSize(bytes: number): Buffer {
  const setting = Buffer.alloc(6);
  setting.writeUInt16BE(HEADER_TABLE_SIZE, 0);
  setting.writeUInt32BE(bytes, 2);
  return setting;
}

async function* framesOf(socket: Socket): AsyncGenerator<{ type: number; flags: number; payload: Buffer }> {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      yield { type: rest[3] as number, flags: rest[4] as number, payload: rest.subarray(9, end) };
      rest = rest.subarray(end);
    }
  }
}

/** Sends each request after the response to the one before, and returns the blocks of the responses. */
async function exchange(
  server: Http2Server,
  settings: Buffer,
  blocks: (order: number) => Buffer | undefined,
): Promise<Buffer[]> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(frame(SETTINGS, 0, 0, settings));
  const answers: Buffer[] = [];
  const send = (order: number): boolean => {
    const block = blocks(order);
    if (block !== undefined) socket.write(frame(HEADERS, END_HEADERS | END_STREAM, 2 * order + 1, block));
    return block !== undefined;
  };
  for await (const { type, flags, payload } of framesOf(socket)) {
    if (type === SETTINGS && (flags & ACK) === 0) socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    // Only from here on does nghttp2 keep to our setting.
    if (type === SETTINGS && (flags & ACK) !== 0) send(0);
    if (type === HEADERS) {
      assert.equal(flags & END_HEADERS, END_HEADERS);
      answers.push(payload);
    }
    if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0 && !send(answers.length)) socket.end();
  }
  return answers;
}

describe('nghttp2', () => {
  const received: string[][] = [];
  let server: Http2Server;

  before(async () => {
    server = createServer({ settings: { headerTableSize: 8192 } });
    server.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: unknown, raw: unknown) => {
      received.push(raw as string[]);
      const order = received.length;
      stream.respond(
        {
          ':status': 200 + (order % 9),
          date: 'Mon, 21 Oct 2013 20:13:21 GMT',
          'x-order': String(order),
          'x-filler': '"\\<>'.repeat(order * 5),
          'set-cookie': [`a=${'b'.repeat(order)}`, 'c=d'],
          'x-secret': 'never in a table',
          [sensitiveHeaders]: ['x-secret'],
        },
        { endStream: true },
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  after(() => server.close());

  for (const [name, bytes] of [
    ['the default table', 4096],
    ['a large table', 65_536],
    ['a small table', 200],
    ['no table', 0],
  ] as const) {
    it(`reads what we encode, and we what it encodes, with ${name}`, async () => {
      received.length = 0;
      const encoder = newEncoder();
      // Its own setting, that of the server above.
      encoder.setPeerTableSize(bytes === 4096 ? 4096 : 8192);
      const answers = await exchange(server, tableSize(bytes), (order) =>
        order < 30 ? encoder.encode(request(order)) : undefined,
      );
      assert.deepEqual(
        received,
        Array.from({ length: 30 }, (_, order) => request(order)),
      );

      const decoder = newDecoder({ tableSizeBytes: Math.max(bytes, 4096) });
      decoder.setTableSize(bytes);
      answers.forEach((block, place) => {
        const order = place + 1;
        const secrets = new Set<string>();
        const fields = decoder.decode(block, secrets);
        const value = (wanted: string) => fields.filter((_, at) => at % 2 === 1 && fields[at - 1] === wanted);
        assert.deepEqual(value(':status'), [String(200 + (order % 9))]);
        assert.deepEqual(value('x-order'), [String(order)]);
        assert.deepEqual(value('x-filler'), ['"\\<>'.repeat(order * 5)]);
        assert.deepEqual(value('set-cookie'), [`a=${'b'.repeat(order)}`, 'c=d']);
        assert.ok(secrets.has('x-secret'));
      });
      assert.equal(answers.length, 30);
      assert.ok(!contents(decoder.table).includes('x-secret'));
      assert.ok(decoder.table.sizeBytes <= bytes);
    });
  }
});

const PYTHON = `
import json, sys
from hpack import Decoder, Encoder, NeverIndexedHeaderTuple
job = json.load(sys.stdin)
decoder = Decoder(max_header_list_size=1 << 24)
encoder = Encoder()
decoded, encoded = [], []
for step in job:
    decoder.max_allowed_table_size = step['size']
    encoder.header_table_size = step['size']
    fields = decoder.decode(bytes.fromhex(step['block']), raw=True)
    decoded.append([text.decode('latin1') for field in fields for text in field])
    pairs = [tuple(text.encode('latin1') for text in field) for field in step['fields']]
    encoded.append(encoder.encode([(n, v, n == b'cookie') for n, v in pairs], huffman=step['huffman']).hex())
json.dump({'decoded': decoded, 'encoded': encoded}, sys.stdout)
`;

describe('python hpack', () => {
  const python = pythonWith('hpack') ?? '';
  const skip = python === '' && 'the python module hpack is not installed';

  it('reads what we encode, and we what it encodes, while the table changes its size', { skip }, () => {
    const encoder = newEncoder({ maxTableSizeBytes: 65_536 });
    const steps = Array.from({ length: 60 }, (_, order) => {
      const size = [4096, 4096, 300, 65_536, 0, 4096][Math.floor(order / 10)] as number;
      encoder.setPeerTableSize(size);
      const fields = request(order % 25);
      return { size, fields, block: encoder.encode(fields).toString('hex'), huffman: order % 2 === 0 };
    });
    const pairs = (fields: string[]) => fields.flatMap((text, at) => (at % 2 === 0 ? [[text, fields[at + 1]]] : []));
    const input = JSON.stringify(steps.map((step) => ({ ...step, fields: pairs(step.fields) })));
    const run = spawnSync(python, ['-c', PYTHON], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
    assert.equal(run.status, 0, run.stderr);
    const { decoded, encoded } = JSON.parse(run.stdout) as { decoded: string[][]; encoded: string[] };
    const decoder = newDecoder();
    steps.forEach(({ fields, size }, order) => {
      decoder.setTableSize(size);
      assert.deepEqual(decoded[order], fields);
      assert.deepEqual(decoder.decode(Buffer.from(encoded[order] as string, 'hex')), fields);
    });
  });
});
