import assert from 'node:assert/strict';
import { it } from 'node:test';
import stringWidth from 'string-width';
import { LineEditor } from '../../../../src/cli/output/line-editor.js';

/** A line after some keys: names of keys, and texts that are pasted. */
function typed(...keys: readonly string[]): LineEditor {
  const editor = new LineEditor();
  const names = /^(?:ctrl-.|left|right|home|end|backspace|delete|up|f1)$/;
  for (const key of keys) editor.press(names.test(key) ? { name: key, text: '' } : { name: 'paste', text: key });
  return editor;
}

const EDITS: readonly (readonly [keys: readonly string[], text: string])[] = [
  [['bob@acme.com'], 'bob@acme.com'],
  [['bob', 'left', 'left', 'x'], 'bxob'],
  [['bob', 'left', 'backspace'], 'bb'],
  [['bob', 'home', 'delete', 'end', 's'], 'obs'],
  [['ana@acme.com for 8h', 'ctrl-w', '2h'], 'ana@acme.com for 2h'],
  [['ana@acme.com for 8h ', 'ctrl-w', 'ctrl-w', 'ctrl-w'], ''],
  [['ana', 'left', 'ctrl-u'], 'a'],
  [['ana', 'left', 'ctrl-k'], 'an'],
  [['ana', 'ctrl-a', 'x', 'ctrl-e', 'y', 'ctrl-h'], 'xana'],
  [['ana', 'up', 'f1', 'ctrl-q'], 'ana'],
  [['xe\u0301👩🏽', 'backspace', 'backspace'], 'x'],
  [['\r\nbob@acme.com\r\nrm -rf /\n'], 'bob@acme.com'],
  [['a\x1b]52;c;AAAA\x07\u202e\u200bb\tc'], 'a]52;c;AAAAb c'],
  [['backspace', 'delete', 'left', 'right', 'ctrl-w'], ''],
];
for (const [keys, text] of EDITS) {
  it(`makes ${JSON.stringify(text)} of ${JSON.stringify(keys)}`, () => assert.equal(typed(...keys).text, text));
}

it('holds no more than a line', () => {
  assert.equal(typed('x'.repeat(900), 'y'.repeat(900), 'z').text.length, 1_024);
});

it('shows what is around the cursor, in any width', () => {
  for (const text of ['bob@acme.com', 'x'.repeat(200), '漢字@例え.テスト'.repeat(10)]) {
    for (const moves of [[], ['left', 'left'], ['home'], Array<string>(40).fill('left')]) {
      for (const columns of [1, 2, 5, 20, 60]) {
        const shown = typed(text, ...moves).fitted(columns);
        // The cursor itself takes a column at the end of the line.
        assert.ok(
          stringWidth(shown.text) + (shown.back === 0 ? 1 : 0) <= Math.max(columns, 1),
          `${columns} ${shown.text}`,
        );
        assert.ok(shown.back <= stringWidth(shown.text));
      }
    }
  }
  assert.deepEqual(typed('bob', 'left').fitted(20), { text: 'bob', back: 1 });
  assert.deepEqual(typed('abcdefghij').fitted(6), { text: '…ghij', back: 0 });
});
