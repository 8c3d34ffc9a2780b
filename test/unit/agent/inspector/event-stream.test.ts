import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { EventStream } from '../../../../src/agent/inspector/event-stream.js';
import { Exchanges } from '../../../../src/agent/inspector/exchanges.js';

/** A reader that takes nothing until it is told to. */
class SlowReader extends EventEmitter {
  written = '';
  writableLength = 0;

  write(text: string): boolean {
    this.written += text;
    this.writableLength += text.length;
    return false;
  }

  takeAll(): void {
    this.writableLength = 0;
    this.emit('drain');
  }
}

describe('the stream of events', () => {
  test('K16 leaves events out for a reader that does not keep up, and tells it to read the list again', () => {
    const events = new EventStream(new Exchanges({ maxBytes: 1_000, bodyBytes: 100 }));
    const [slow, quick] = [new SlowReader(), new SlowReader()];
    for (const reader of [slow, quick]) assert.ok(events.open(reader as unknown as ServerResponse, undefined));
    for (let n = 0; n < 4_000; n++) {
      events.emit('message', { id: 'x'.repeat(1_000), total: n });
      quick.takeAll();
    }
    assert.ok(slow.written.length < 2_000_000, 'what it has not read is bounded');
    assert.ok(!slow.written.includes('resync'));
    slow.takeAll();
    assert.ok(slow.written.endsWith('event: resync\ndata: {}\n\n'));
    events.emit('message', { id: 'again', total: 1 });
    assert.ok(
      slow.written.includes('"again"') && quick.written.length > 4_000_000 && !quick.written.includes('resync'),
    );
    for (const reader of [slow, quick]) reader.emit('close');
  });

  test('K16 has few readers at once', () => {
    const events = new EventStream(new Exchanges({ maxBytes: 1_000, bodyBytes: 100 }));
    const readers = Array.from({ length: 17 }, () => new SlowReader());
    const opened = readers.map((reader) => events.open(reader as unknown as ServerResponse, undefined));
    assert.deepEqual([opened.filter(Boolean).length, opened.at(-1)], [16, false]);
    for (const reader of readers) reader.emit('close');
    assert.ok(events.open(new SlowReader() as unknown as ServerResponse, undefined));
  });
});
