import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nearest, printable, quoted } from '../../../src/config/text.js';

describe('printable', () => {
  it('leaves words, accents and emoji unchanged', () => {
    assert.equal(printable('GET /käse?q=1 🧀'), 'GET /käse?q=1 🧀');
  });

  it('escapes controls, escape sequences, separators, bidirectional and invisible characters', () => {
    assert.equal(printable('\x1b[2J\r\n\0\x9b'), '\\x1b[2J\\x0d\\x0a\\x00\\x9b');
    assert.equal(printable('a\u202eb\u2028c\u200bd\ud800'), 'a\\u{202e}b\\u{2028}c\\u{200b}d\\u{d800}');
  });

  it('never returns a character that could act on a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(printable(text), /[\p{C}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe('quoted', () => {
  it('cuts what is long', () => {
    assert.ok(quoted('x'.repeat(10_000)).length < 100);
  });
});

describe('nearest', () => {
  const words = ['session_ttl', 'session_idle', 'url', 'oidc_client_id', 'listen'];
  for (const [typed, meant] of [
    ['sesion_ttl', 'session_ttl'],
    ['client_id', 'oidc_client_id'],
    ['ur', 'url'],
    ['listne', 'listen'],
    ['colour', undefined],
    ['x', undefined],
    ['', undefined],
  ] as const) {
    it(`takes "${typed}" for ${meant}`, () => assert.equal(nearest(typed, words), meant));
  }
});
