import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { it } from 'node:test';
import type { ReadStream } from 'node:tty';
import { isInFrontByPs, ownsTerminal } from '../../../../src/cli/process/foreground.js';
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
  const owned: boolean[] = [];
  let written = '';
  const keys = new Keys(input as unknown as ReadStream, {
    pressed: ({ name, text }) => pressed.push(name === 'paste' ? `paste ${text}` : name),
    owned: (isOurs) => owned.push(isOurs),
    isInForeground,
    write: (text) => {
      written += text;
    },
  });
  const type = (text: string) => input.emit('data', Buffer.from(text));
  return { input, keys, modes, pressed, owned, type, written: () => written };
}

/** The signals that the process sends itself. */
function signalsOf(act: () => void): unknown[] {
  const signals: unknown[] = [];
  const { kill } = process;
  process.kill = (pid, signal) => {
    signals.push((pid === process.pid || pid === 0) && signal);
    return true;
  };
  try {
    act();
  } finally {
    process.kill = kill;
  }
  return signals;
}

it('reads single keys while they are wanted, and what was pasted or typed ahead as one paste', () => {
  const { keys, pressed, type } = setUp();
  keys.read(true);
  for (const text of ['y', 'yarn dev\n', '\x1b[18~', 'yy', '8', '\x1b']) type(text);
  keys.read(false);
  type('n');
  assert.deepEqual(pressed, ['y', 'paste yarn dev\n', 'f7', 'paste yy', '8', 'escape']);
});

it('leaves the terminal alone in the background, and uses it once it is in front', () => {
  let isInFront = false;
  const { keys, modes, owned, written } = setUp(() => isInFront);
  keys.read(true);
  assert.deepEqual([modes, owned, written()], [[], [false], '']);
  isInFront = true;
  process.emit('SIGCONT');
  assert.deepEqual([modes, owned], [[true], [false, true]]);
  isInFront = false; // Ctrl-Z, bg
  process.emit('SIGCONT');
  keys.read(false);
  assert.deepEqual([modes, owned], [[true], [false, true, false]]);
});

it('gives the terminal back before it stops, and takes it again afterwards', () => {
  for (const stop of [(type: (text: string) => void) => type('\x1a'), () => process.emit('SIGTSTP')]) {
    const { keys, modes, owned, type, written } = setUp();
    keys.read(true);
    assert.deepEqual(
      signalsOf(() => stop(type)),
      ['SIGTSTP'],
    );
    assert.deepEqual(
      [modes, owned],
      [
        [true, false, true],
        [true, false, true],
      ],
    );
    keys.read(false);
    assert.deepEqual(modes, [true, false, true, false]);
    assert.equal(written(), '\x1b[?2004h\x1b[?2004l'.repeat(2));
  }
});

it('restores the terminal before SIGQUIT ends it, whoever sent that', () => {
  for (const quit of [(type: (text: string) => void) => type('\x1c'), () => process.emit('SIGQUIT')]) {
    const { keys, modes, type } = setUp();
    keys.read(true);
    assert.deepEqual(
      signalsOf(() => quit(type)),
      ['SIGQUIT'],
    );
    assert.deepEqual(modes, [true, false]);
    assert.equal(process.listenerCount('SIGQUIT'), 0);
  }
});

it('leaves no listener behind, however often it reads', () => {
  const { keys, input } = setUp();
  const signals = ['SIGCONT', 'SIGTSTP', 'SIGQUIT', 'exit'];
  const counts = () => [input.listenerCount('data'), ...signals.map((name) => process.listenerCount(name))];
  const before = counts();
  for (let at = 0; at < 20; at++) {
    keys.read(true);
    keys.read(true);
    keys.read(false);
  }
  assert.deepEqual(counts(), before);
});

it('ends with Ctrl-C, however it arrives', () => {
  for (const text of ['\x03', 'y\x03', '\x03\x03', '\x1b\x03']) {
    const { keys, type } = setUp();
    keys.read(true);
    assert.ok(signalsOf(() => type(text)).includes('SIGINT'), JSON.stringify(text));
    keys.read(false);
  }
});

it('outlives a terminal that has gone', () => {
  const { input, keys } = setUp();
  keys.read(true);
  input.emit('error', new Error('EIO'));
  keys.read(false);
});

it('finds out in both ways whether it is in front', { skip: process.platform !== 'linux' }, () => {
  assert.equal(isInFrontByPs(), ownsTerminal());
});
