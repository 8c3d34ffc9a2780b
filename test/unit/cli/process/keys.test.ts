import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { it } from 'node:test';
import type { ReadStream } from 'node:tty';
import { Keys } from '../../../../src/cli/process/keys.js';

function setUp() {
  const modes: boolean[] = [];
  const input = Object.assign(new EventEmitter(), {
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
    ref: () => {},
    pause: () => {},
    resume: () => {},
  });
  const pressed: string[] = [];
  const keys = new Keys(input as unknown as ReadStream, (key) => pressed.push(key));
  return { input, keys, modes, pressed, type: (text: string) => input.emit('data', Buffer.from(text)) };
}

it('reads single keys while there is a question, and nothing that was pasted or typed ahead', () => {
  const { keys, pressed, type } = setUp();
  keys.read(true);
  for (const text of ['y', 'yarn dev\n', '\x1b[18~', '\x1b[8~', 'yy', '8']) type(text);
  keys.read(false);
  type('n');
  assert.deepEqual(pressed, ['y', '8']);
});

it('outlives a terminal that has gone', () => {
  const { input, keys } = setUp();
  keys.read(true);
  input.emit('error', new Error('EIO'));
  keys.read(false);
});
