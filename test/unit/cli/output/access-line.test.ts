import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { accessLine } from '../../../../src/cli/output/access-line.js';
import { logLine } from '../../../../src/cli/output/log-line.js';
import { createLog } from '../../../../src/cli/output/logging.js';
import type { Log, RequestFields } from '../../../../src/core/log.js';

const HEAD = '{"level":"info"';

const FIELDS: RequestFields = {
  requestId: '3c6cbe0e-5d5f-4a0c-8a3e-0f5a1d2b3c4d',
  host: 'demo.tunnel.acme.com',
  address: '2001:db8::1',
  method: 'GET',
  path: '/a',
  status: 200,
  code: undefined,
  aborted: undefined,
  cutBy: undefined,
  accessToken: undefined,
  client: undefined,
  traceId: undefined,
  durationMs: 12.3,
};

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', '\\', '\n', '\0', '\x7f', '\x9b', '\u2028', '\u202e', '\ud800', '\udc00', 'é', '='),
    fc.string({ unit: 'binary', maxLength: 1 }),
  ),
});
const text = fc.oneof(fc.constantFrom('GET', 'demo.acme.com', 'ERR_LINK_LOST'), fc.string(), hostile);
const maybe = fc.option(text, { nil: undefined });

const requestFields: fc.Arbitrary<RequestFields> = fc.record({
  requestId: text,
  host: text,
  address: text,
  method: text,
  path: fc.oneof(text, fc.constant('/?code=x&state=y'), fc.constant('x'.repeat(3_000))),
  status: fc.oneof(fc.nat(599), fc.double()),
  code: maybe,
  aborted: fc.constantFrom(undefined, true),
  cutBy: maybe,
  accessToken: maybe,
  client: maybe,
  traceId: maybe,
  durationMs: fc.oneof(
    fc.nat(100_000).map((tenths) => tenths / 10),
    fc.double(),
  ),
});

describe('the line of a request', () => {
  it('has its fields in their order, and none without a value', () => {
    const who =
      '"requestId":"3c6cbe0e-5d5f-4a0c-8a3e-0f5a1d2b3c4d","host":"demo.tunnel.acme.com","address":"2001:db8::1"';
    const line = (outcome: string) =>
      `${HEAD},${who},"method":"GET","path":"/a","status":200${outcome},"durationMs":12.3,"msg":"request"}\n`;
    assert.equal(accessLine(HEAD, FIELDS), line(''));
    const outcome = { code: 'ERR_LINK_LOST', aborted: true, cutBy: 'link', client: 'x"' } as const;
    const written = String.raw`,"code":"ERR_LINK_LOST","aborted":true,"cutBy":"link","client":"x\""`;
    assert.equal(accessLine(HEAD, { ...FIELDS, ...outcome }), line(written));
  });

  it('is byte for byte that of any record with its fields, whatever their values', () =>
    fc.assert(
      fc.property(requestFields, (fields) => {
        assert.equal(accessLine(HEAD, fields), logLine(HEAD, fields, 'request'));
      }),
      { numRuns: 2_000 },
    ));

  it('is one line that JSON reads back', () =>
    fc.assert(
      fc.property(hostile, hostile, (host, path) => {
        fc.pre(!path.includes('=') && !host.includes('='));
        const line = accessLine(HEAD, { ...FIELDS, host, path });
        assert.match(line, /^[^\p{Cc}\p{Zl}\p{Zp}]*\n$/u);
        assert.deepEqual(
          JSON.parse(line),
          JSON.parse(JSON.stringify({ level: 'info', ...FIELDS, host, path, msg: 'request' })),
        );
      }),
    ));

  it('is what a log writes of a request, from the level info on', (t) => {
    t.mock.timers.enable({ apis: ['Date'] });
    const written = (level: 'info' | 'warn', tell: (log: Log) => void) => {
      const lines: string[] = [];
      tell(createLog({ write: (line: string) => lines.push(line) }, { level, base: { worker: 2 } }));
      return lines;
    };
    const asInfo = written('info', (log) => log.info(FIELDS, 'request'));
    assert.equal(asInfo.length, 1);
    assert.deepEqual(
      written('info', (log) => log.request?.(FIELDS)),
      asInfo,
    );
    assert.deepEqual(
      written('warn', (log) => log.request?.(FIELDS)),
      [],
    );
  });
});
