import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { logLine } from '../../../../src/cli/output/log-line.js';

const HEAD = '{"level":"info"';

const line = (fields: Record<string, unknown>, message = 'm') => logLine(HEAD, fields, message);

/** What JSON reads of a line with these fields. */
const written = (fields: Record<string, unknown>) => JSON.parse(JSON.stringify({ level: 'info', ...fields, msg: 'm' }));

// No line end, and nothing that moves a cursor or turns the direction of the text.
const PLAIN = /^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u;

/** Fields, and the JSON that the line has for them. Lines are read by programs: these bytes are what they know. */
const LINES: readonly (readonly [fields: Record<string, unknown>, json: string])[] = [
  [{}, ''],
  [{ requestId: 'a-1', status: 200, durationMs: 1.5 }, '"requestId":"a-1","status":200,"durationMs":1.5'],
  [{ a: undefined, b: () => 1, c: null, d: true }, '"c":null,"d":true'],
  [{ a: Number.NaN, b: Number.POSITIVE_INFINITY, c: -0, d: 1e21 }, '"a":null,"b":null,"c":0,"d":1e+21'],
  [{ a: 10n ** 20n, b: Symbol('s') }, '"a":"100000000000000000000","b":"Symbol(s)"'],
  [{ a: new Date(0), b: new Date(Number.NaN) }, '"a":"1970-01-01T00:00:00.000Z","b":null'],
  [{ path: '/a"b\\c\r\n\t\0\x1b[31m' }, String.raw`"path":"/a\"b\\c\r\n\t\u0000\u001b[31m"`],
  [{ path: '/\x7f\x80\x9b\u2028\u2029' }, String.raw`"path":"/\u007f\u0080\u009b\u2028\u2029"`],
  [{ path: '/\u202e\u200b\ufeff\u2066' }, String.raw`"path":"/\u202e\u200b\ufeff\u2066"`],
  [{ path: '/é😀' }, '"path":"/é😀"'],
  [{ path: '/\ud800' }, String.raw`"path":"/\ud800"`],
  [{ path: '/?a=1&code=x&state=y' }, '"path":"/?a=1&code=[redacted]&state=[redacted]"'],
  [{ code: 'ERR_LINK_LOST' }, '"code":"ERR_LINK_LOST"'],
  [{ code: 'x', Cookie: { a: 1 }, token: undefined }, '"code":"[redacted]","Cookie":"[redacted]"'],
  [
    { a: { token: 'x', b: ['\u2028', { secret: 1 }] } },
    String.raw`"a":{"token":"[redacted]","b":["\u2028",{"secret":"[redacted]"}]}`,
  ],
  [{ 'a"\n\u2028': 1 }, String.raw`"a\"\n\u2028":1`],
  [{ level: 'x', time: 1, msg: 'y' }, '"level":"x","time":1,"msg":"y"'],
  [{ path: 'x'.repeat(3_000) }, `"path":"${'x'.repeat(2_048)}…"`],
];

describe('the line of a record', () => {
  for (const [fields, json] of LINES) {
    it(`has ${json.slice(0, 80) || 'no fields'}`, () =>
      assert.equal(line(fields), `${HEAD}${json === '' ? '' : `,${json}`},"msg":"m"}\n`));
  }

  it('has the value of each record, whatever the record before had', () => {
    const nested = { a: 1 };
    const values = ['x', 'x', 'x"', 'x"', 1, '1', 0, -0, Number.NaN, Number.NaN, null, true, nested, undefined, 'x'];
    for (const value of values) assert.deepEqual(JSON.parse(line({ other: 1, value })), written({ other: 1, value }));
    nested.a = 2;
    assert.deepEqual(JSON.parse(line({ value: nested })), written({ value: { a: 2 } }));
    for (const code of ['ERR_A', 'secret', 'ERR_A', 'secret', 'secret'])
      assert.equal(JSON.parse(line({ code })).code, code === 'secret' ? '[redacted]' : code);
  });

  it('has the numbers of JSON', () => {
    const tenths = fc.integer({ min: -1_000_000, max: 20_000_000_000 }).map((count) => count / 10);
    fc.assert(
      fc.property(fc.oneof(tenths, fc.double(), fc.integer()), (value) => {
        assert.equal(line({ value }), `${HEAD},"value":${JSON.stringify(value)},"msg":"m"}\n`);
      }),
      { numRuns: 2_000 },
    );
  });

  it('escapes and redacts a message too', () =>
    assert.equal(line({}, 'a"\u2028?ticket=x'), `${HEAD},${String.raw`"msg":"a\"\u2028?ticket=[redacted]"`}}\n`));

  it('is one line of plain characters that JSON reads back, whatever its values', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('"', '\\', '\n', '\x9b', '\u2028', '\u202e'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
    });
    const check = (path: string, agent: string, message: string) => {
      const written = line({ path, nested: { agent } }, message);
      assert.match(written.slice(0, -1), PLAIN);
      assert.deepEqual(JSON.parse(written), { level: 'info', path, nested: { agent }, msg: message });
    };
    const harmless = text.filter((one) => !one.includes('='));
    fc.assert(fc.property(harmless, harmless, harmless, check));
  });
});
