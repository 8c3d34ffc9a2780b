import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { it } from 'node:test';
import type { ReadStream } from 'node:tty';
import { Keys } from '../../../../src/cli/process/keys.js';

function setUp(isInForeground = () => true) {
  const modes: boolean[] = [];
  const input = Object.assign(new EventEmitter(), {
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
    ref: () => {},
    pause: () => {},
    resume: () => {},
  });
  const pressed: string[] = [];
  const keys = new Keys(input as unknown as ReadStream, (key) => pressed.push(key), isInForeground);
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

it('leaves the terminal alone in the background, and uses it once it is in front', () => {
  let isInFront = false;
  const { keys, modes, input } = setUp(() => isInFront);
  keys.read(true);
  assert.deepEqual([modes, input.listenerCount('data')], [[], 0]);
  isInFront = true;
  keys.read(true);
  isInFront = false; // Ctrl-Z, bg
  process.emit('SIGCONT');
  keys.read(false);
  assert.deepEqual(modes, [true]);
});

it('adds no listener with each question', () => {
  const { keys, input } = setUp();
  const counts = () => [input.listenerCount('error'), input.listenerCount('data'), process.listenerCount('SIGCONT')];
  keys.read(true);
  const first = counts();
  for (let at = 0; at < 20; at++) {
    keys.read(false);
    keys.read(true);
  }
  assert.deepEqual(counts(), first);
  keys.read(false);
});

it('ends with Ctrl-C, however it arrives', () => {
  for (const text of ['\x03', 'y\x03', '\x03\x03']) {
    const { keys, type } = setUp();
    let signals = 0;
    const { kill } = process;
    process.kill = (pid, signal) => {
      if (pid === process.pid && signal === 'SIGINT') signals += 1;
      return true;
    };
    try {
      keys.read(true);
      type(text);
      keys.read(false);
    } finally {
      process.kill = kill;
    }
    assert.ok(signals > 0, JSON.stringify(text));
  }
});

it('outlives a terminal that has gone', () => {
  const { input, keys } = setUp();
  keys.read(true);
  input.emit('error', new Error('EIO'));
  keys.read(false);
});
