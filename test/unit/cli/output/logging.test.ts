import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { createLog } from '../../../../src/cli/output/logging.js';
import type { Log } from '../../../../src/core/log.js';

const SECRET = 'hunter2hunter2';

function logged(tell: (log: Log) => void, base?: Record<string, string>): string[] {
  const lines: string[] = [];
  const options = { level: 'info', ...(base && { base }) } as const;
  tell(createLog({ write: (line: string) => lines.push(line) }, options));
  return lines;
}

function record(fields: Record<string, unknown>, message = 'm'): Record<string, unknown> {
  const [line] = logged((log) => log.info(fields, message));
  return JSON.parse(line ?? '') as Record<string, unknown>;
}

/** A program that logs and then ends as told; its output, and whether it ended with success. */
function logsAndEnds(how: string): { output: string; isSuccess: boolean } {
  const module = new URL('../../../../src/cli/output/logging.js', import.meta.url).href;
  const lines = "for (let at = 0; at < 300; at++) log.info({ at, path: '/é' }, 'x'); audit.info({ at: 300 }, 'x');";
  const script = `import { openLogging } from '${module}';
    const { log, audit } = openLogging({ logLevel: 'info', auditLog: '-' }); ${lines} ${how}`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return { output: stdout, isSuccess: status === 0 };
}

describe('the log of a program that ends', () => {
  for (const [what, how, isSuccess] of [
    ['by itself', '', true],
    ['by an exit', 'process.exit(0)', true],
    ['by an error that nothing catches', "throw new Error('x')", false],
    ['by a rejection that nothing catches', "void Promise.reject(new Error('x'))", false],
  ] as const) {
    it(`is whole after an end ${what}`, () => {
      const ended = logsAndEnds(how);
      const written = ended.output.trimEnd().split('\n');
      assert.deepEqual(
        written.map((line) => JSON.parse(line).at),
        Array.from({ length: 301 }, (_, at) => at),
      );
      assert.equal(ended.isSuccess, isSuccess);
    });
  }
});

describe('a log line', () => {
  it('is JSON with level, time and message', () => {
    const { level, time, msg, tunnel } = record({ tunnel: 'demo' }, 'forwarded');
    assert.deepEqual({ level, msg, tunnel }, { level: 'info', msg: 'forwarded', tunnel: 'demo' });
    assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('has the time at which it was written, in milliseconds', (t) => {
    const times = [1_000, 1_999, 2_000, 1_001_007, 1_001_007, 999, 0, Date.UTC(2028, 1, 29, 23, 59, 59, 999)];
    t.mock.timers.enable({ apis: ['Date'] });
    for (const time of times) {
      t.mock.timers.setTime(time);
      assert.equal(record({})['time'], new Date(time).toISOString());
    }
  });

  it('marks audit records by their stream', () => {
    const [line] = logged((log) => log.info({}, 'sign-in'), { stream: 'audit' });
    assert.equal(JSON.parse(line ?? '').stream, 'audit');
  });

  it('is not written below the level', () =>
    assert.deepEqual(
      logged((log) => log.debug({}, 'x')),
      [],
    ));

  for (const name of [
    'authorization',
    'Authorization',
    'cookie',
    'set-cookie',
    'Set-Cookie',
    'token',
    'code',
    'ticket',
    'client_secret',
  ]) {
    it(`never contains ${name}, at any depth`, () => {
      for (const fields of [
        { [name]: SECRET },
        { headers: { [name]: [SECRET] } },
        { a: { b: { [name]: SECRET } } },
        { a: [{ [name]: SECRET }] },
      ]) {
        assert.ok(!JSON.stringify(record(fields)).includes(SECRET), JSON.stringify(fields));
      }
    });
  }

  it('never contains the secret parameters of a path or a URL, also in messages', () => {
    const path = `/oauth2/callback?x=1&code=${SECRET}&state=${SECRET}`;
    assert.ok(!JSON.stringify(record({ path, a: { url: `https://a.com/?ticket=${SECRET}` } }, path)).includes(SECRET));
    assert.match(String(record({ path })['path']), /^\/oauth2\/callback\?x=1&code=/);
  });

  it('keeps the code of an error', () => {
    assert.equal(record({ code: 'ERR_LINK_LOST' })['code'], 'ERR_LINK_LOST');
    assert.equal(record({ code: 'ECONNRESET' })['code'], 'ECONNRESET');
    assert.equal(record({ code: 1006 })['code'], 1006);
  });

  it('has an error with its causes, but without the properties that libraries add', () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const error = Object.assign(new Error('down', { cause }), {
      code: 'ERR_TARGET_REFUSED',
      response: { body: SECRET },
    });
    const text = JSON.stringify(record({ err: error }));
    for (const part of ['down', 'ERR_TARGET_REFUSED', 'refused', 'ECONNREFUSED']) assert.ok(text.includes(part), part);
    assert.ok(!text.includes(SECRET));
  });

  it('is one line of plain characters, whatever its contents', () => {
    const [line = ''] = logged((log) => log.info({ path: 'a\r\nb\x1b[31m\x9b\u2028\u2029\u202e\x7f' }, 'c\nd\u0085'));
    assert.equal(line.indexOf('\n'), line.length - 1);
    assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
    assert.equal(JSON.parse(line).path, 'a\r\nb\x1b[31m\x9b\u2028\u2029\u202e\x7f');
  });

  it('is bounded in length, depth and items', () => {
    const deep: Record<string, unknown> = {};
    deep['self'] = deep;
    const wide = Array.from({ length: 100_000 }, () => 'x');
    assert.ok(
      JSON.stringify(record({ agent: 'x'.repeat(1_000_000), deep, wide }, 'y'.repeat(1_000_000))).length < 10_000,
    );
  });

  it('does not change the fields of the caller', () => {
    const fields = { token: SECRET, nested: { cookie: SECRET } };
    record(fields);
    assert.deepEqual(fields, { token: SECRET, nested: { cookie: SECRET } });
  });
});
