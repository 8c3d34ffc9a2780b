import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogFields } from '../../../../src/core/log.js';
import { Tally } from '../../../../src/edge/ops/tally.js';

function tallying(limits: { maxKeys?: number; maxKeysOfOne?: number } = {}) {
  const written: LogFields[] = [];
  const tally = new Tally({ write: (fields, message) => written.push({ message, ...fields }), ...limits });
  let id = 0;
  const note = (party: string, code = 'ERR_A') =>
    tally.note({ event: 'refused', message: 'm', party, who: { address: party }, what: { code }, once: { id: ++id } });
  const minute = (): LogFields[] => {
    tally.flush();
    return written.splice(0);
  };
  return { note, minute, tally };
}

const first = (address: string, id: number, code = 'ERR_A') => ({ message: 'm', event: 'refused', address, code, id });
const counted = (address: string, count: number, code = 'ERR_A') => ({
  message: 'm',
  event: 'refused',
  address,
  code,
  count,
});

describe('a tally', () => {
  it('writes the first at once and the others of a minute as one', () => {
    const { note, minute } = tallying();
    for (let at = 0; at < 1_000; at++) note('one');
    note('one', 'ERR_B');
    note('other');
    assert.deepEqual(minute(), [
      first('one', 1),
      first('one', 1_001, 'ERR_B'),
      first('other', 1_002),
      counted('one', 999),
    ]);
    assert.deepEqual(minute(), []);
  });

  it('goes on counting a party that continues, and starts again after a minute of silence', () => {
    const { note, minute } = tallying();
    note('one');
    minute();
    note('one');
    note('one');
    assert.deepEqual(minute(), [counted('one', 2)]);
    minute();
    note('one');
    assert.deepEqual(minute(), [first('one', 4)]);
  });

  it('counts together what exceeds the keys of one party, and loses none', () => {
    const { note, minute } = tallying({ maxKeysOfOne: 2 });
    for (let at = 0; at < 10; at++) note('one', `ERR_${at}`);
    note('other');
    assert.deepEqual(minute(), [
      first('one', 1, 'ERR_0'),
      first('one', 2, 'ERR_1'),
      first('other', 11),
      { message: 'm', event: 'refused', address: 'one', others: true, count: 8 },
    ]);
  });

  it('counts all together once there is no more room, writes a bounded number of lines, and loses none', () => {
    const { note, minute } = tallying();
    for (let at = 0; at < 10_000; at++) note(`10.0.${at >> 8}.${at & 255}`, `ERR_${at % 7}`);
    const lines = minute();
    assert.equal(lines.length, 257);
    assert.deepEqual(lines.at(-1), { message: 'm', event: 'refused', others: true, count: 10_000 - 256 });
    minute();
    note('one');
    assert.deepEqual(minute(), [first('one', 10_001)], 'there is room again');
  });
});
