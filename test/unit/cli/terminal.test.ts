import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { AgentEvents } from '../../../src/agent/agent.js';
import type { RequestRecord } from '../../../src/agent/request-record.js';
import { JsonLines } from '../../../src/cli/json-lines.js';
import { describeAllow, Terminal } from '../../../src/cli/terminal.js';
import { PosternError } from '../../../src/errors.js';

const RECORD: RequestRecord = {
  time: new Date(2026, 0, 2, 3, 4, 5),
  email: 'ana@acme.com',
  method: 'GET',
  path: '/src/main.ts?x=1',
  status: 200,
  durationMs: 12.4,
  aborted: false,
};

const HOSTILE = '\x1b]0;owned\x07\r\n\x9b2J\u202e';

function written(events: (output: PassThrough) => void): string {
  const output = new PassThrough();
  events(output);
  return String(output.read() ?? '');
}

function shown(tell: (terminal: AgentEvents) => void, { coloured = false, allow = ['@acme.com'] } = {}): string {
  const target = new URL('http://localhost:5173');
  return written((output) => tell(new Terminal({ output, coloured, target, allow })));
}

describe('Terminal', () => {
  it('shows the address, the target and who may open it', () => {
    const text = shown((terminal) => terminal.online('https://demo.tunnel.acme.com'));
    for (const part of ['https://demo.tunnel.acme.com', 'http://localhost:5173', '@acme.com'])
      assert.ok(text.includes(part));
  });

  it('shows the block once, and again only when the address is another', () => {
    const text = shown((terminal) => {
      terminal.online('https://a.acme.com');
      terminal.online('https://a.acme.com');
      terminal.online('https://b.acme.com');
    });
    assert.equal(text.split('https://a.acme.com').length, 2);
    assert.equal(text.split('https://b.acme.com').length, 2);
  });

  it('shows one line per request: time, email, method, path, status, duration', () => {
    const text = shown((terminal) => terminal.request(RECORD));
    assert.deepEqual(text.trimEnd().split(/ {2,}/), [
      '03:04:05',
      'ana@acme.com',
      'GET',
      '/src/main.ts?x=1',
      '200',
      '12 ms',
    ]);
    assert.equal(text.split('\n').length, 2);
  });

  it('marks an answer that did not reach its end, and a visitor who did not sign in', () => {
    const text = shown((terminal) => terminal.request({ ...RECORD, email: undefined, aborted: true }));
    assert.deepEqual(text.trimEnd().split(/ {2,}/).slice(1, 2), ['-']);
    assert.ok(text.trimEnd().split(/ {2,}/).length > 6);
  });

  it('writes nothing from outside that could act on the terminal', () => {
    const text = shown((terminal) => {
      terminal.online(`https://${HOSTILE}`);
      terminal.offline(new PosternError('ERR_LINK_LOST', HOSTILE, { text: HOSTILE }), 1_000);
      terminal.request({ ...RECORD, path: `/${HOSTILE}`, email: HOSTILE, method: HOSTILE });
      terminal.hint(HOSTILE);
    });
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{C}\p{Zl}\p{Zp}]/u);
    assert.equal(text.split('\n').length, 5 + 1 + 1 + 1 + 1);
  });

  it('cuts a path that has no end', () => {
    assert.ok(shown((terminal) => terminal.request({ ...RECORD, path: `/${'x'.repeat(100_000)}` })).length < 400);
  });

  it('says why it is offline, with the code, and when it tries again', () => {
    const text = shown((terminal) => terminal.offline(new PosternError('ERR_EDGE_DRAINING'), 1_500));
    assert.match(text, /ERR_EDGE_DRAINING.*1\.5 s/);
  });

  it('writes colours only where they were asked for', () => {
    const tell = (terminal: AgentEvents) => terminal.request({ ...RECORD, status: 502 });
    assert.ok(!shown(tell).includes('\x1b'));
    assert.ok(shown(tell, { coloured: true }).includes('\x1b['));
  });
});

describe('describeAllow', () => {
  it('says that without a rule only the owner gets in', () => assert.match(describeAllow([]), /only .*owner/));
  it('says that public needs no sign-in', () => assert.match(describeAllow(['@acme.com', 'public']), /everyone/));
  it('spells out what * means', () => assert.match(describeAllow(['*']), /anyone who signs in/));
});

describe('JsonLines', () => {
  const told = (tell: (lines: JsonLines) => void): unknown[] =>
    written((output) => tell(new JsonLines(output)))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);

  it('writes one object per event', () => {
    const records = told((lines) => {
      lines.online('https://demo.acme.com');
      lines.offline(new PosternError('ERR_LINK_LOST'), 500.4);
      lines.request({ ...RECORD, path: `/${HOSTILE}` });
      lines.request({ ...RECORD, email: undefined });
      lines.hint('do this');
      lines.refused(new PosternError('ERR_NAME_TAKEN'));
    }) as Record<string, unknown>[];
    assert.deepEqual(
      records.map(({ event }) => event),
      ['online', 'offline', 'request', 'request', 'hint', 'refused'],
    );
    assert.equal(records[0]?.['url'], 'https://demo.acme.com');
    assert.equal(records[1]?.['code'], 'ERR_LINK_LOST');
    assert.equal(records[1]?.['retryInMs'], 500);
    assert.equal(records[2]?.['path'], `/${HOSTILE}`);
    assert.equal(records[2]?.['durationMs'], 12);
    assert.equal(records[3]?.['email'], null);
    assert.equal(records[5]?.['code'], 'ERR_NAME_TAKEN');
  });
});
