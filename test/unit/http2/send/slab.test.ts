/** The memory that output is copied into is used again, and never while bytes in it are on their way. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { Backlog } from '../../../../src/http2/send/backlog.js';
import type { Slab } from '../../../../src/http2/send/slab.js';
import { WriteBuffer } from '../../../../src/http2/send/write-buffer.js';

const FULL = 65_536;

/** One connection's output: parts stay where they were put until they are reported. */
class Output {
  readonly #headroomBytes: number;

  readonly parts: { readonly bytes: Buffer; readonly slab: Slab; readonly copy: Buffer }[] = [];
  readonly backlog = new Backlog();

  constructor(headroomBytes = 0) {
    this.#headroomBytes = headroomBytes;
  }

  /** One turn, which sends so many bytes of a value. */
  turn(bytes: number, value: number): void {
    const output = new WriteBuffer((part, slab) => {
      this.backlog.add(part.length, slab);
      this.parts.push({ bytes: part, slab, copy: Buffer.from(part) });
      Buffer.from(part.buffer, part.byteOffset - this.#headroomBytes, this.#headroomBytes).fill(0xee);
    }, this.#headroomBytes);
    for (let left = bytes; left > 0; left -= 16_384) output.append(Buffer.alloc(Math.min(left, 16_384), value));
    output.close();
  }

  /** Whether every part that has not left is as it was given. */
  get isIntact(): boolean {
    return this.parts.every(({ bytes, copy }) => bytes.equals(copy));
  }

  /** The oldest part leaves. */
  leave(): Slab | undefined {
    const part = this.parts.shift();
    if (part !== undefined) this.backlog.remove(part.bytes.length);
    return part?.slab;
  }
}

describe('a slab', () => {
  test('is written again once all of it has left', () => {
    const output = new Output();
    const seen = new Set<Slab>();
    for (let at = 0; at < 200; at++) {
      output.turn(FULL, at);
      for (const { slab } of output.parts) seen.add(slab);
      while (output.parts.length > 0) output.leave();
    }
    assert.ok(seen.size < 10, `${seen.size} slabs for two hundred times its size`);
  });

  test('keeps what has not left, whatever other connections send', () => {
    const [slow, fast] = [new Output(), new Output()];
    for (let at = 0; at < 100; at++) {
      slow.turn(20_000, at);
      fast.turn(50_000, 128 + at);
      while (fast.parts.length > 0) fast.leave();
      assert.ok(slow.isIntact);
    }
    while (slow.parts.length > 50) slow.leave();
    fast.turn(2_000_000, 255);
    assert.ok(slow.isIntact && fast.isIntact);
  });

  test('has room in front of each part that its owner may write to', () => {
    const [one, other] = [new Output(14), new Output(14)];
    for (let at = 0; at < 100; at++) {
      one.turn(at * 997, at);
      other.turn(0, 0);
      other.turn(100, at);
      if (at % 7 === 0) while (other.parts.length > 0) other.leave();
      assert.ok(one.isIntact && other.isIntact);
    }
    const ends = new Map<Slab, number>();
    for (const { bytes, slab } of one.parts) {
      assert.ok(bytes.byteOffset - slab.bytes.byteOffset >= (ends.get(slab) ?? 0) + 14);
      ends.set(slab, bytes.byteOffset - slab.bytes.byteOffset + bytes.length);
    }
  });

  test('is not free because its owner reports more than was sent, or a part of it', () => {
    const output = new Output();
    output.backlog.remove(1_000_000);
    output.turn(500_000, 1);
    output.backlog.remove(1_000);
    new Output().turn(1_000_000, 2);
    assert.ok(output.isIntact);
  });

  test('with bytes of a broken connection is never free', () => {
    const broken = new Output();
    broken.turn(3 * FULL, 1);
    const others = new Output();
    for (let at = 0; at < 50; at++) {
      others.turn(FULL, 2);
      while (others.parts.length > 0) others.leave();
    }
    assert.ok(broken.isIntact);
  });
});
