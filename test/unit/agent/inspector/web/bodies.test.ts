/** Bodies in the inspector's page: what they are, forms, multipart parts, bytes, headers as lines. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { base64Bytes, toBase64 } from '../../../../../src/agent/inspector/web/body/base64.js';
import { MAX_ROWS, parseForm, queryRows } from '../../../../../src/agent/inspector/web/body/form.js';
import { parseHeaderText } from '../../../../../src/agent/inspector/web/body/header-text.js';
import { hexRowCount, hexRows } from '../../../../../src/agent/inspector/web/body/hex.js';
import { bodyKind, isText } from '../../../../../src/agent/inspector/web/body/kind.js';
import { boundaryOf, MAX_PARTS, parseMultipart } from '../../../../../src/agent/inspector/web/body/multipart.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (body: Uint8Array | undefined) => new TextDecoder().decode(body);

describe('what a body is', () => {
  const rows: readonly (readonly [type: string | null, body: string, kind: string])[] = [
    ['application/json; charset=utf-8', 'no json', 'json'],
    ['application/problem+json', '{}', 'json'],
    [null, ' {"a": 1}', 'json'],
    ['text/plain', '[1, 2]', 'json'],
    ['text/plain', '[info] started', 'text'],
    ['text/html', '<script>alert(1)</script>', 'text'],
    ['image/svg+xml', '<svg onload="alert(1)"/>', 'image'],
    ['application/x-www-form-urlencoded', 'a=1', 'form'],
    ['multipart/form-data; boundary=x', '--x--', 'multipart'],
    ['application/json', 'a\u0000b', 'binary'],
    ['APPLICATION/JSON', '1', 'json'],
  ];
  for (const [type, body, kind] of rows)
    test(`${type} with ${JSON.stringify(body)} is ${kind}`, () => assert.equal(bodyKind(type, bytes(body)), kind));

  test('text that was cut within a letter is text, other bytes are not', () => {
    assert.equal(isText(bytes('né').subarray(0, 2)), true);
    assert.equal(isText(Uint8Array.of(0xff, 0xfe, 0x41)), false);
  });
});

describe('forms', () => {
  test('are rows in their order, with equal names', () => {
    assert.deepEqual(parseForm('a=1&a=2&b=%3Cb%3E+x&c').rows, [
      ['a', '1'],
      ['a', '2'],
      ['b', '<b> x'],
      ['c', ''],
    ]);
    assert.deepEqual(queryRows('/a?x=1#y=2'), [['x', '1']]);
    assert.deepEqual(queryRows('/a'), []);
  });

  test('are bounded', () => {
    const { rows, leftOut } = parseForm('a&'.repeat(MAX_ROWS + 5));
    assert.deepEqual([rows.length, leftOut], [MAX_ROWS, 5]);
  });
});

describe('multipart bodies', () => {
  const part = (name: string, content: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;

  test('are their parts, whatever these contain', () => {
    const file =
      '--b\r\ncontent-disposition: form-data; filename="a%22.png"; name=f\r\nContent-Type: Image/PNG; x=y\r\n\r\n\u00ff\r\n\r\n--bb\r\n';
    const parts = parseMultipart(bytes(`preamble\r\n${part('<t>', 'x--b')}${file}--b--\r\nepilogue`), 'b');
    assert.deepEqual(
      parts.map(({ name, fileName, type, isCut }) => [name, fileName, type, isCut]),
      [
        ['<t>', undefined, undefined, false],
        ['f', 'a".png', 'image/png', false],
      ],
    );
    assert.deepEqual(
      parts.map(({ content }) => text(content)),
      ['x--b', '\u00ff\r\n\r\n--bb'],
    );
  });

  test('may be cut anywhere', () => {
    const whole = bytes(`${part('a', 'one')}${part('b', 'two')}--b--`);
    for (let length = 0; length <= whole.length; length += 1) parseMultipart(whole.subarray(0, length), 'b');
    const [, second] = parseMultipart(whole.subarray(0, whole.length - 8), 'b');
    assert.deepEqual([text(second?.content), second?.isCut], ['tw', true]);
  });

  test('are bounded in their number', () => {
    assert.equal(parseMultipart(bytes(part('a', '').repeat(MAX_PARTS + 10)), 'b').length, MAX_PARTS);
  });

  test('have the boundary that their type names', () => {
    assert.equal(boundaryOf('multipart/form-data; charset=x; boundary="a b"'), 'a b');
    assert.equal(boundaryOf('multipart/form-data; BOUNDARY=ab; x=y'), 'ab');
    assert.equal(boundaryOf('multipart/form-data'), undefined);
    assert.equal(boundaryOf(`multipart/form-data; boundary=${'x'.repeat(71)}`)?.length, 70);
  });
});

test('bytes are rows of sixteen', () => {
  const body = Uint8Array.from({ length: 35 }, (_, at) => at + 60);
  assert.equal(hexRowCount(body), 3);
  const [row] = hexRows(body, 2, 10);
  assert.deepEqual([row?.offset, row?.bytes.trimEnd(), row?.text], ['00000020', '5c 5d 5e', '\\]^']);
});

test('base64 goes both ways, and what is none is nothing', () => {
  const body = Uint8Array.from({ length: 20_000 }, (_, at) => at % 256);
  assert.deepEqual(base64Bytes(toBase64(body)), body);
  assert.equal(base64Bytes('%%%').length, 0);
});

test('headers are edited as lines', () => {
  assert.deepEqual(parseHeaderText('a: 1\r\n\r\nB:  x: y \n'), [
    ['a', '1'],
    ['B', 'x: y'],
  ]);
  for (const bad of ['no colon', ': x', 'a b: c', 'ä: c']) assert.equal(typeof parseHeaderText(bad), 'string', bad);
});
