import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  clearCookie,
  cookieNames,
  cookieValues,
  isOurCookie,
  removeCookies,
  setCookie,
} from '../../../../src/auth/session/cookies.js';

const SESSION = '__Host-postern-session';

const OURS: readonly string[] = [
  SESSION,
  'postern-session',
  '__Secure-postern-session',
  '__Http-postern-session',
  '__Host-Http-postern-session',
  '__HOST-POSTERN-SESSION',
  '__host-Postern-Session',
  'postern-session.0',
  'postern-session_count',
  '__Host-postern-nonce',
  'postern-nonce',
  '__Host-postern-signin-0abc',
  'postern-signin-',
  ' postern-session ',
  '\u00a0postern-session',
  '\u00c2\u00a0__Host-postern-session',
  '\ufeff__Host-postern-session',
];

const OTHERS: readonly string[] = [
  '',
  'session',
  'sess',
  'postern',
  'postern-theme',
  'my-postern-session',
  'x__Host-postern-session',
  '__Host-session',
  '__proto__',
  'constructor',
  'po\u017ftern-session',
];

/** A `Cookie` header of a browser or a hostile sibling, and the part that the target may see. */
const HEADERS: readonly (readonly [string, string])[] = [
  ['a=1; b=2', 'a=1; b=2'],
  [`${SESSION}=x`, ''],
  [`${SESSION}=x;`, ''],
  [`${SESSION}=x; ; `, ''],
  [`${SESSION}=x; a=1`, 'a=1'],
  [`a=1; ${SESSION}=x`, 'a=1'],
  [`a=1; ${SESSION}=x; b=2`, 'a=1; b=2'],
  [`a=1;${SESSION}=x;b=2`, 'a=1;b=2'],
  [`a=1; ${SESSION}=x; ${SESSION}=y; b=2; postern-session=z`, 'a=1; b=2'],
  [`a=1; __HOST-POSTERN-SESSION=x; b=2`, 'a=1; b=2'],
  [`a=1;  ${SESSION} = x ; b=2`, 'a=1; b=2'],
  [`\t${SESSION}\t=x; a=1`, 'a=1'],
  [`a=1; ${SESSION}; b=2`, 'a=1; b=2'],
  [`a=1; ${SESSION}=x=y==; b=2==`, 'a=1; b=2=='],
  [`a="x; ${SESSION}=secret; y"; b=2`, 'a="x; y"; b=2'],
  [`a="q u o t e d"; ${SESSION}="x"; b="2"`, 'a="q u o t e d"; b="2"'],
  [`__proto__=x; =v; ${SESSION}=x; constructor=y; nameless`, '__proto__=x; =v; constructor=y; nameless'],
  [`b=Ã\u00a0; ${SESSION}=x`, 'b=Ã\u00a0'],
  [`${SESSION}=x; \u00a0b=1`, '\u00a0b=1'],
  [`a=%20%3B; ${SESSION}=x; a=1; a=2`, 'a=%20%3B; a=1; a=2'],
  ['  a=1 ;; b=2; ', '  a=1 ;; b=2; '],
  ['', ''],
  [';;;', ';;;'],
];

describe('the bytes around a name', () => {
  const names = [SESSION, 'postern-session', '__Host-postern-nonce', '__Host-postern-signin-0abc'];
  for (const name of names) {
    it(`make ${name} another one, SP and HTAB excepted`, () => {
      for (let byte = 0; byte <= 0xff; byte++) {
        const sign = String.fromCharCode(byte);
        const isBlank = byte === 0x20 || byte === 0x09;
        const isEnd = sign === ';';
        assert.deepEqual(cookieValues(`${sign}${name}=x`, name), isBlank || isEnd ? ['x'] : [], `${byte} before`);
        if (sign === '=') assert.deepEqual(cookieValues(`${name}==x`, name), ['=x']);
        else assert.deepEqual(cookieValues(`${name}${sign}=x`, name), isBlank ? ['x'] : [], `${byte} behind`);
        // In requests to the target, a name that is not clearly another one counts as ours.
        assert.equal(isOurCookie(`${sign}${name}`), byte < 0x21 || byte > 0x7e, `${byte} before`);
        assert.equal(isOurCookie(`${name}${sign}`), true, `${byte} behind`);
      }
    });
  }
});

describe('isOurCookie', () => {
  for (const name of OURS) it(`${JSON.stringify(name)} is ours`, () => assert.equal(isOurCookie(name), true));
  for (const name of OTHERS) it(`${JSON.stringify(name)} is not`, () => assert.equal(isOurCookie(name), false));

  it('recognises every name that is set', () => {
    for (const names of [cookieNames(true), cookieNames(false)]) {
      for (const name of [names.session, names.nonce, `${names.transactionPrefix}x`]) assert.ok(isOurCookie(name));
    }
  });
});

describe('removeCookies', () => {
  for (const [header, kept] of HEADERS) {
    it(`leaves ${JSON.stringify(kept)} of ${JSON.stringify(header)}`, () => {
      assert.equal(removeCookies(header, isOurCookie), kept);
    });
  }

  it('keeps the others byte-identical and in order', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', '1', '"', ',', '%', 'é', '\u00a0', '=', '{'),
      maxLength: 6,
    });
    const other = fc.tuple(text, text).map(([name, value]) => ({ ours: false, pair: `x${name}=${value}.` }));
    const ours = fc
      .tuple(fc.constantFrom(...OURS), text)
      .map(([name, value]) => ({ ours: true, pair: `${name}=${value}` }));
    fc.assert(
      fc.property(fc.array(fc.oneof(other, ours)), (cookies) => {
        const header = cookies.map((cookie) => cookie.pair).join('; ');
        const expected = cookies.filter((cookie) => !cookie.ours).map((cookie) => cookie.pair);
        assert.equal(removeCookies(header, isOurCookie), expected.join('; '));
      }),
    );
  });

  it('leaves none of ours in any header, and removes everything at once', () => {
    const piece = fc.constantFrom(SESSION, 'postern-nonce', '=', ';', ' ', '\t', 'a', '"', '\u00a0', 'é');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const left = removeCookies(pieces.join(''), isOurCookie);
        const names = left.split(';').map((pair) => (pair.split('=', 1)[0] as string).trim());
        assert.equal(names.some(isOurCookie), false);
        assert.equal(removeCookies(left, isOurCookie), left);
      }),
    );
  });

  it('handles ten thousand cookies and long runs of blanks', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => `c${at}=v`).join('; ');
    assert.equal(removeCookies(`${many}; ${SESSION}=x`, isOurCookie), many);
    const blanks = ' '.repeat(100_000);
    assert.equal(removeCookies(`a=1${blanks}b; ${SESSION}=x${blanks}y`, isOurCookie), `a=1${blanks}b`);
  });
});

describe('cookieValues', () => {
  it('returns all values of a name that a sibling tunnel planted twice, in order', () => {
    assert.deepEqual(cookieValues(`${SESSION}=evil; a=1; ${SESSION}=good`, SESSION), ['evil', 'good']);
  });

  it('compares names exactly', () => {
    const header = `__host-postern-session=a; postern-session=b; ${SESSION}2=c; x${SESSION}=d; ${SESSION}=e`;
    assert.deepEqual(cookieValues(header, SESSION), ['e']);
  });

  const rows: readonly (readonly [string | undefined, readonly string[]])[] = [
    [undefined, []],
    ['', []],
    [SESSION, []],
    [`${SESSION}=`, ['']],
    [`${SESSION}="v"`, ['"v"']],
    [`${SESSION}=a=b==`, ['a=b==']],
    [`  ${SESSION} =  v  `, ['v']],
    [`=v; __proto__=x; ${SESSION}=v`, ['v']],
    [`a=${SESSION}=v`, []],
    [`a="; ${SESSION}=v; "`, ['v']],
  ];
  for (const [header, values] of rows) {
    it(`reads ${JSON.stringify(values)} from ${JSON.stringify(header)}`, () => {
      assert.deepEqual(cookieValues(header, SESSION), values);
    });
  }

  it('finds nothing under the names of a prototype', () => {
    assert.deepEqual(cookieValues('a=1', '__proto__'), []);
    assert.deepEqual(cookieValues('__proto__=x', '__proto__'), ['x']);
  });

  it('returns at most eight', () => {
    const header = Array.from({ length: 10_000 }, (_, at) => `${SESSION}=${at}`).join('; ');
    assert.deepEqual(cookieValues(header, SESSION), ['0', '1', '2', '3', '4', '5', '6', '7']);
  });
});

describe('setCookie', () => {
  it('makes a host-only cookie that scripts cannot read', () => {
    assert.equal(
      setCookie(SESSION, 'abc.DEF-_', { secure: true, maxAgeSeconds: 60 }),
      `${SESSION}=abc.DEF-_; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
    assert.equal(
      setCookie('postern-session', 'v', { secure: false, maxAgeSeconds: 60, path: '/' }),
      'postern-session=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
    );
  });

  it('writes a value as it is', () => {
    assert.match(setCookie(SESSION, 'a%2Fb!~', { secure: true, maxAgeSeconds: 1 }), /^[^;]+=a%2Fb!~;/);
  });

  for (const value of ['a;b', 'a; Domain=tunnel.test', 'a b', 'a\r\nb', 'a\0', 'é', '\u0161']) {
    it(`refuses the value ${JSON.stringify(value)}`, () => {
      assert.throws(() => setCookie(SESSION, value, { secure: true, maxAgeSeconds: 1 }), TypeError);
    });
  }

  it('rejects an invalid name or age', () => {
    assert.throws(() => setCookie('a b', 'v', { secure: true, maxAgeSeconds: 1 }), TypeError);
    assert.throws(() => setCookie('a', 'v', { secure: true, maxAgeSeconds: Number.NaN }), TypeError);
  });

  it('is removed with the same name and attributes', () => {
    assert.equal(
      clearCookie(SESSION, { secure: true }),
      `${SESSION}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
  });
});

describe('cookieNames', () => {
  it('are bound to their host by the browser on https', () => {
    assert.deepEqual(cookieNames(true), {
      session: '__Host-postern-session',
      nonce: '__Host-postern-nonce',
      transactionPrefix: '__Host-postern-signin-',
      provider: '__Host-postern-provider',
    });
    assert.equal(cookieNames(false).session, 'postern-session');
  });
});
