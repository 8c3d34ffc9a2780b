import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import stringWidth from 'string-width';
import type { AgentEvents } from '../../../../src/agent/agent.js';
import type { RequestRecord } from '../../../../src/agent/target/request-record.js';
import { describeAllow } from '../../../../src/cli/output/describe-allow.js';
import { JsonLines } from '../../../../src/cli/output/json-lines.js';
import { Screen } from '../../../../src/cli/output/screen.js';
import { Terminal } from '../../../../src/cli/output/terminal.js';
import { PosternError } from '../../../../src/errors.js';

const RECORD: RequestRecord = {
  time: new Date(2026, 0, 2, 3, 4, 5),
  email: 'ana@acme.com',
  method: 'GET',
  path: '/src/main.ts?x=1',
  status: 200,
  durationMs: 12.4,
  aborted: false,
  requestId: '2c9b6f0e-0000-4000-8000-000000000000',
};

const EDGE = 'https://tunnel.acme.com';

const HOSTILE = '\x1b]0;owned\x07\r\n\x9b2J\u202e';

function written(events: (output: PassThrough) => void): string {
  const output = new PassThrough();
  events(output);
  return String(output.read() ?? '');
}

interface Shown {
  readonly coloured?: boolean;
  readonly allow?: readonly string[];
  /** Columns of a terminal; lines are written in full without it. */
  readonly columns?: number;
}

function shown(
  tell: (terminal: Terminal, screen: Screen) => void,
  { coloured = false, allow = ['@acme.com'], columns }: Shown = {},
) {
  const target = new URL('http://localhost:5173');
  return written((output) => {
    const screen = new Screen({ output, coloured, columns: () => columns });
    tell(new Terminal({ screen, edge: EDGE, target, allow }), screen);
  });
}

describe('Terminal', () => {
  it('shows the address, the target and who may open it', () => {
    const text = shown((terminal) => terminal.online('https://demo.tunnel.acme.com'));
    for (const part of ['https://demo.tunnel.acme.com', 'http://localhost:5173', '@acme.com'])
      assert.ok(text.includes(part));
  });

  it('breaks its sentences between words, and never within one', () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const text = shown(
      (terminal) => {
        terminal.hint('The app answers 403 to a WebSocket from its own page.');
        terminal.request({ ...RECORD, status: 502, failure: 'nothing listens on localhost:5173 (ECONNREFUSED)' });
        terminal.offline(new PosternError('ERR_LINK_LOST', 'x', { cause }), 1_000);
      },
      { columns: 40 },
    );
    const lines = text.split('\n').filter((line) => !line.includes('\x1b'));
    assert.ok(lines.includes('hint  The app answers 403 to a WebSocket'), text);
    assert.ok(lines.includes('      from its own page.'), text);
    assert.ok(lines.includes('         nothing listens on'), text);
    assert.ok(lines.includes('offline  cannot reach tunnel.acme.com:'), text);
    for (const line of lines) assert.ok(line.length <= 40, line);
  });

  it('shows the block once, and again only when the address changes', () => {
    const text = shown((terminal) => {
      terminal.online('https://a.acme.com');
      terminal.online('https://a.acme.com');
      terminal.online('https://b.acme.com');
    });
    assert.equal(text.split('https://a.acme.com').length, 2);
    assert.equal(text.split('https://b.acme.com').length, 2);
  });

  it('says that it is online again where it has said that it was offline, and not when a link takes the place of another', () => {
    const again = (wasOffline: boolean) =>
      shown((terminal) => {
        terminal.online('https://a.acme.com');
        if (wasOffline) terminal.offline(new PosternError('ERR_EDGE_DRAINING'), 1_500);
        terminal.online('https://a.acme.com');
      }).includes('online again');
    assert.deepEqual([again(true), again(false)], [true, false]);
  });

  it('shows one full line per request without a terminal: time, status, duration, method, email, path, id', () => {
    const text = shown((terminal) => terminal.request(RECORD));
    assert.deepEqual(text.trimEnd().split(/ {2,}/), [
      '03:04:05',
      '200',
      '12 ms',
      'GET',
      'ana@acme.com',
      '/src/main.ts?x=1',
      RECORD.requestId,
    ]);
    assert.equal(text.split('\n').length, 2);
  });

  it('marks an incomplete response, and a visitor without sign-in', () => {
    const text = shown((terminal) => terminal.request({ ...RECORD, email: undefined, aborted: true }));
    assert.deepEqual(text.trimEnd().split(/ {2,}/).slice(4, 5), ['-']);
    assert.ok(text.trimEnd().split(/ {2,}/).length > 7);
  });

  it('writes nothing from outside that could act on the terminal', () => {
    const text = shown((terminal) => {
      terminal.online(`https://${HOSTILE}`);
      terminal.offline(new PosternError('ERR_LINK_LOST', HOSTILE, { text: HOSTILE }), 1_000);
      terminal.request({ ...RECORD, path: `/${HOSTILE}`, email: HOSTILE, method: HOSTILE });
      terminal.hint(HOSTILE);
    });
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{C}\p{Zl}\p{Zp}]/u);
    assert.equal(text.split('\n').length, 5 + 2 + 1 + 1 + 1);
  });

  it('cuts a very long path', () => {
    assert.ok(shown((terminal) => terminal.request({ ...RECORD, path: `/${'x'.repeat(100_000)}` })).length < 400);
  });

  it('shows why it is offline, with the code, and when it tries again', () => {
    const text = shown((terminal) => terminal.offline(new PosternError('ERR_EDGE_DRAINING'), 1_500));
    assert.match(text, /ERR_EDGE_DRAINING.*1\.5 s/);
  });

  for (const columns of [40, 60, 80, 120]) {
    it(`fits every line to a terminal of ${columns} columns`, () => {
      const records = [
        RECORD,
        { ...RECORD, path: `/${'x'.repeat(500)}`, email: `${'a'.repeat(100)}@acme.com`, method: 'PROPFINDALL' },
        { ...RECORD, path: `/${'日本語'.repeat(50)}`, email: 'šéf.日本語@acme.com' },
        { ...RECORD, path: `/${'👩‍👩‍👧 e\u0301'.repeat(50)}`, status: 502, durationMs: 3_600_000 },
        { ...RECORD, path: `/${HOSTILE.repeat(20)}`, aborted: true, durationMs: 100_000_000 },
      ];
      for (const record of records) {
        const text = shown((terminal) => terminal.request(record), { columns });
        for (const line of text.trimEnd().split('\n')) assert.ok(stringWidth(line) <= columns, line);
        assert.match(text, new RegExp(`^03:04:05 ${record.status} `));
      }
    });
  }

  it('shows the id of a failed request, and of no other, on its own line of a terminal', () => {
    const lines = (record: RequestRecord) =>
      shown((terminal) => terminal.request(record), { columns: 80 })
        .trimEnd()
        .split('\n');
    assert.equal(lines(RECORD).length, 1);
    for (const record of [
      { ...RECORD, status: 502 },
      { ...RECORD, aborted: true },
    ]) {
      assert.equal(lines(record)[1]?.trim(), `id ${RECORD.requestId}`);
    }
  });

  it('shows a cause once with its remedy, and counts attempts in place', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const error = new PosternError('ERR_LINK_LOST', 'the link was lost: ECONNREFUSED', { cause: refused });
    const text = shown(
      (terminal, screen) => {
        for (const ms of [100, 200, 400]) terminal.offline(error, ms);
        terminal.online('https://demo.acme.com');
        screen.close();
      },
      { columns: 80 },
    );
    const [told = '', ...rest] = text.split('\n');
    assert.match(told, /^offline {2}cannot reach tunnel\.acme\.com: nothing listens there \(ERR_LINK_LOST\)$/);
    assert.match(rest[0] ?? '', /--edge/);
    assert.equal(text.split('offline').length, 2);
    assert.equal(rest[1], '         doctor" looks at each part of the path.');
    const passing = (rest[2] ?? '').split('\r\x1b[2K').map((line) => line.trim());
    assert.deepEqual(passing, [
      'attempt 1, again in 100 ms',
      'attempt 2, again in 200 ms',
      'attempt 3, again in 400 ms',
      '',
    ]);
  });

  it('keeps what a person types last, below who asks and the state of the link', () => {
    const tell = (terminal: Terminal, screen: Screen) => {
      screen.bottom(() => ({ lines: ['help', 'allow    bob'], back: 1 }));
      terminal.people(['ana@acme.com']);
      terminal.askers([{ id: '1', email: 'eve@elsewhere.test', message: '' }]);
      terminal.offline(new PosternError('ERR_EDGE_DRAINING'), 1_000);
    };
    const text = shown(tell, { columns: 40 });
    const last = text.slice(text.lastIndexOf('\x1b[0J') + '\x1b[0J'.length);
    const [here, asks, attempt, ...typed] = last.split('\n');
    assert.match(here ?? '', /^here {5}ana/);
    assert.match(asks ?? '', /^asks {5}eve/);
    assert.match(attempt ?? '', /attempt 1/);
    assert.deepEqual(typed, ['help', 'allow    bob\x1b[1D']);
  });

  it('shows a cause once without a terminal, and again after a link', () => {
    const text = shown((terminal) => {
      for (const ms of [100, 200]) terminal.offline(new PosternError('ERR_EDGE_DRAINING'), ms);
      terminal.online('https://demo.acme.com');
      terminal.offline(new PosternError('ERR_EDGE_DRAINING'), 100);
    });
    assert.equal(text.split('ERR_EDGE_DRAINING').length, 3);
    assert.ok(!text.includes('\x1b'));
  });

  it('begins each line with the name of its tunnel where there are several, and fits the rest', () => {
    const text = written((output) => {
      const screen = new Screen({ output, coloured: false, columns: () => 60 });
      const of = (name: string) =>
        new Terminal({
          ...{ screen, edge: EDGE, target: new URL('http://localhost:5173'), allow: [] },
          label: { text: name, columns: 5 },
        });
      const [web, docs] = [of('web'), of('docs')] as const;
      web.online('https://web.tunnel.acme.com');
      docs.request({ ...RECORD, path: `/${'x'.repeat(100)}` });
      docs.people(['ana@acme.com']);
      web.people(['bob@acme.com']);
      docs.refused(new PosternError('ERR_NAME_TAKEN'), 'the edge refused\nchoose another');
    });
    const lines = text.replaceAll(/\r?\x1b\[\d*[A-Z]/g, '\n').split('\n');
    assert.ok(lines.includes('web      https://web.tunnel.acme.com'), text);
    assert.ok(lines.some((line) => /^docs {3}03:04:05 200 .*…$/.test(line) && line.length === 60));
    assert.ok(lines.includes('docs   here     ana@acme.com') && lines.includes('web    here     bob@acme.com'));
    assert.ok(lines.includes('docs   refused  the edge refused') && lines.includes('docs            choose another'));
    assert.equal(
      text.slice(text.lastIndexOf('\x1b')).includes('ana@acme.com'),
      false,
      'a tunnel that is over shows nobody',
    );
  });

  it('writes colours only when asked to', () => {
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
    written((output) => tell(new JsonLines(output, EDGE)))
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
