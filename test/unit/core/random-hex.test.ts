import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomHex } from '../../../src/core/random-hex.js';

describe('random identifiers', () => {
  it('have two hexadecimal digits for each byte, whatever of the pool is left', () => {
    for (const bytes of [1, 8, 16, 4_095, 4_096, 4_096, 8])
      assert.match(randomHex(bytes), new RegExp(`^[\\da-f]{${2 * bytes}}$`));
  });

  it('are never the same, across many pools', () => {
    const count = 5_000;
    assert.equal(new Set(Array.from({ length: count }, () => randomHex(16))).size, count);
  });

  it('share no byte: what was given is not given again as a part of the next', () => {
    const texts = Array.from({ length: 2_000 }, () => randomHex(8));
    const halves = texts.flatMap((text) => [text.slice(0, 8), text.slice(8)]);
    assert.equal(
      texts.every((text, at) => at === 0 || text.slice(0, 8) !== texts[at - 1]?.slice(8)),
      true,
    );
    assert.equal(
      new Set(halves).size >= halves.length - 2,
      true,
      'of 4,000 random texts of 32 bits hardly two are equal',
    );
  });
});
