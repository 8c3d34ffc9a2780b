import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KeyDecoder } from '../../../../src/cli/process/key-decoder.js';

/** The keys of some chunks, what they type in brackets. */
function keys(...chunks: readonly string[]): string[] {
  const decoder = new KeyDecoder();
  return chunks
    .flatMap((chunk) => decoder.decode(Buffer.from(chunk)))
    .map(({ name, text }) => (text === '' ? name : `${name} (${text})`));
}

it('names keys', () => {
  const chunks = [
    'a',
    'R',
    '?',
    '8',
    '漢',
    '\r',
    '\n',
    '\x7f',
    '\b',
    '\x15',
    '\x17',
    '\x1b',
    '\x1b[D',
    '\x1bOC',
    '\x1b[3~',
  ];
  assert.deepEqual(keys(...chunks), [
    ...['a (a)', 'r (R)', '? (?)', '8 (8)', '漢 (漢)', 'return', 'enter', 'backspace', 'backspace', 'ctrl-u', 'ctrl-w'],
    ...['escape', 'left', 'right', 'delete'],
  ]);
});

it('takes no key with Alt for the key itself', () => {
  assert.deepEqual(keys('\x1by', '\x1ba'), ['meta-y', 'meta-a']);
});

it('reads a character that arrives in two parts', () => {
  const decoder = new KeyDecoder();
  const [first, ...rest] = Buffer.from('é');
  assert.deepEqual(decoder.decode(Buffer.from([first as number])), []); // it has two
  assert.deepEqual(decoder.decode(Buffer.from(rest)), [{ name: 'é', text: 'é' }]);
});

it('takes what arrives at once for a paste, but keys that are held down for keys', () => {
  assert.deepEqual(keys('yy'), ['paste (yy)']);
  assert.deepEqual(keys('bob@acme.com\r'), ['paste (bob@acme.com\r)']);
  assert.deepEqual(keys('\r\r'), ['paste (\r\r)']);
  assert.deepEqual(keys('\x7f\x7f', '\x1b[D\x1b[D'), ['backspace', 'backspace', 'left', 'left']);
});

it('takes nothing in brackets for a key, whether in one chunk or in many', () => {
  assert.deepEqual(keys('\x1b[200~y\x1b[201~'), ['paste (y)']);
  assert.deepEqual(keys('\x1b[200~a', 'y', '\r', '\x1b[201~', 'n'), ['paste (ay\r)', 'n (n)']);
  const long = keys('\x1b[200~', 'x'.repeat(100_000), '\x1b[201~');
  assert.ok((long[0]?.length ?? 0) < 5_000);
});

it('keeps Ctrl-C a key of its own among others', () => {
  assert.deepEqual(
    keys('yes\x03').map((key) => key.split(' ')[0]),
    ['ctrl-c', 'paste'],
  );
});
