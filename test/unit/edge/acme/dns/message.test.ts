/** DNS messages of a hostile name server end in an error, never without end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  CLASS,
  readMessage,
  readName,
  TYPE,
  textData,
  writeMessage,
  writeName,
} from '../../../../../src/edge/acme/dns/message.js';
import { isAuthentic, readTsigKey, sign, type TsigKey } from '../../../../../src/edge/acme/dns/tsig.js';

const KEY: TsigKey = { name: 'postern', algorithm: 'hmac-sha256', secret: Buffer.from('a secret of a test') };
const UPDATE = {
  id: 7,
  flags: 0x2800,
  question: { name: 'tunnel.test', type: TYPE.SOA, class: CLASS.IN },
  answers: [],
  authority: [
    { name: '_acme-challenge.tunnel.test', type: TYPE.TXT, class: CLASS.IN, ttl: 60, data: textData('proof') },
  ],
  additional: [],
};

describe('a DNS message', () => {
  test('is read as it was written', () => {
    const { id, flags, authority } = readMessage(writeMessage(UPDATE));
    assert.deepEqual([id, flags], [7, 0x2800]);
    assert.deepEqual(
      authority.map(({ name, type, ttl, data }) => ({ name, type, ttl, text: data.toString() })),
      [{ name: '_acme-challenge.tunnel.test', type: TYPE.TXT, ttl: 60, text: '\u0005proof' }],
    );
  });

  const names: readonly (readonly [string, Buffer])[] = [
    ['points to itself', Buffer.of(0xc0, 0)],
    ['points forward', Buffer.of(0xc0, 2, 0)],
    ['ends behind its message', Buffer.of(63, 1)],
    ['ends without a zero', Buffer.of(1, 97)],
    ['has 128 labels', Buffer.concat([...Array.from({ length: 130 }, () => Buffer.of(1, 97)), Buffer.of(0)])],
  ];
  for (const [what, bytes] of names) {
    test(`with a name that ${what} is refused`, () => assert.throws(() => readName(bytes, 0), RangeError));
  }

  test('with a label of 64 characters is not written', () => {
    assert.throws(() => writeName(`${'a'.repeat(64)}.test`), RangeError);
  });

  test('of any bytes is read, or refused with a RangeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          readMessage(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof RangeError);
        }
      }),
    );
  });
});

describe('a signature', () => {
  const now = Date.parse('2026-11-29T00:00:00Z');
  const request = sign(UPDATE, KEY, now);
  // A response is signed over the request's signature as well: this one answers another request.
  const unrelated = sign({ ...UPDATE, flags: 0xa800 }, KEY, now).bytes;
  const responses: [string, Buffer][] = [
    ['that is not there', writeMessage({ ...UPDATE, flags: 0xa800 })],
    ['of a response to another request', unrelated],
    ['of another key', sign(UPDATE, { ...KEY, secret: Buffer.from('another') }, now).bytes],
    ['of a key with another name', sign(UPDATE, { ...KEY, name: 'other' }, now).bytes],
  ];
  const signature = { name: KEY.name, type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data: Buffer.of(0, 1) };
  responses.push(['that ends behind its message', writeMessage({ ...UPDATE, additional: [signature] })]);
  for (const [what, bytes] of responses) {
    test(`${what} is not authentic`, () => assert.equal(isAuthentic(bytes, request, KEY, now), false));
  }
});

describe('a key file', () => {
  test('is read as tsig-keygen prints it', () => {
    const text = 'key "postern" {\n\talgorithm hmac-sha512;\n\tsecret "c2VjcmV0";\n};\n';
    assert.deepEqual(readTsigKey(text), { name: 'postern', algorithm: 'hmac-sha512', secret: Buffer.from('secret') });
  });

  for (const [what, text] of [
    ['is empty', ''],
    ['has no secret', 'key "a" { algorithm hmac-sha256; };'],
    ['has an algorithm that is deprecated', 'key "a" { algorithm hmac-md5; secret "c2VjcmV0"; };'],
    ['has no name', 'key { algorithm hmac-sha256; secret "c2VjcmV0"; };'],
  ] as const) {
    test(`that ${what} is refused`, () => assert.equal(readTsigKey(text), undefined));
  }
});
