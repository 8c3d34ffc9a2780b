import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it, mock } from 'node:test';
import type { ReadStream } from 'node:tty';
import stringWidth from 'string-width';
import { LiveKeys } from '../../../../src/cli/live/live-keys.js';
import { entriesOf } from '../../../../src/cli/live/people-list.js';
import type { Bottom } from '../../../../src/cli/output/bottom-lines.js';
import type { ApiClient } from '../../../../src/cli/process/api-client.js';

const EVE = { id: 'e1', email: 'eve@elsewhere.test', message: '' };
const ZOE = { id: 'z1', email: 'zoe@elsewhere.test', message: '' };
const TUNNEL = {
  name: 'demo',
  url: 'https://demo.acme.com',
  owner: 'ana@acme.com',
  online: true,
  allow: [],
  grants: [{ rule: '@partner.com', effect: 'allow' as const, expires_at: null }],
};

const HOSTILE = '\x1b]52;c;AAAA\x07\u202e';

const KEYS: Readonly<Record<string, string>> = { enter: '\r', escape: '\x1b', down: '\x1b[B', 'ctrl-s': '\x13' };

/** Keys at a tunnel whose edge responds to everything. */
function setUp(people: readonly string[] = ['ana@acme.com', 'bob@acme.com']) {
  const calls: string[] = [];
  const hints: string[] = [];
  const held: boolean[] = [];
  let bottom: Bottom | undefined;
  const api = {
    tunnel: async () => ({ ...TUNNEL, grants: [] }), // those of the first page only
    grants: async () => TUNNEL.grants,
    people: async () => people.map((email) => ({ email, open: 0 })),
    grant: async (_tunnel: string, rule: string, body: object) => {
      calls.push(`${rule} ${JSON.stringify(body)}`);
      if (rule === 'out@elsewhere.test') throw new Error(`outside ${HOSTILE}`);
      return { rule, effect: 'allow', expires_at: null };
    },
    takeBack: async (_tunnel: string, rule: string) => calls.push(`take back ${rule}`) > 0,
    answer: async (_tunnel: string, id: string, body: object) => void calls.push(`${id} ${JSON.stringify(body)}`),
  } as unknown as ApiClient;
  const screen = {
    bottom: (shown: Bottom | undefined) => {
      bottom = shown;
    },
    hint: (text: string) => hints.push(text),
    owned: () => {},
    hold: (isHeld: boolean) => held.push(isHeld),
    separate: () => hints.push(''),
  };
  const input = Object.assign(new EventEmitter(), { setRawMode() {}, ref() {}, pause() {}, resume() {} });
  const settled: string[] = [];
  const live = new LiveKeys({ input: input as unknown as ReadStream, screen });
  const keys = live.add({ api, tunnel: TUNNEL, settled: ({ id }) => settled.push(id) });
  /** One more tunnel of the same terminal. */
  const addTunnel = (name: string) =>
    live.add({
      api,
      tunnel: { name, url: `https://${name}.acme.com` },
      settled: ({ id }) => settled.push(`${name} ${id}`),
    });
  /** Presses keys, and lets what they ask of the edge happen. */
  const press = async (...names: readonly string[]) => {
    for (const name of names) {
      input.emit('data', Buffer.from(KEYS[name] ?? name));
      await new Promise(setImmediate);
    }
  };
  const lines = (columns = 80) => bottom?.(columns, (_style, text) => text).lines ?? [];
  return { live, keys, addTunnel, press, calls, hints, held, settled, lines };
}

/** Runs a test in which time passes only when `pass` says so. */
function withClock(test: (pass: () => void) => Promise<void>): () => Promise<void> {
  return async () => {
    let nowMs = 1_000_000;
    const clock = mock.method(performance, 'now', () => nowMs);
    try {
      await test(() => {
        nowMs += 1_000;
      });
    } finally {
      clock.mock.restore();
    }
  };
}

describe('the keys of a running agent', () => {
  it(
    'let somebody in, for a time or not, from a line that is typed or pasted',
    withClock(async (pass) => {
      const { live, press, calls, hints, lines } = setUp();
      const send = async (...names: readonly string[]) => {
        await press('a', ...names);
        pass();
        await press('enter');
      };
      assert.match(lines()[0] ?? '', /a let somebody in · r take access back · \? all keys/);
      await send(...'bob@acme.co', 'm');
      await send('zoe@acme.com for 8h\r');
      await send('@partner.com --for 2d');
      assert.deepEqual(calls, [
        'bob@acme.com {"effect":"allow"}',
        'zoe@acme.com {"effect":"allow","for":"8h"}',
        '@partner.com {"effect":"allow","for":"2d"}',
      ]);
      assert.equal(hints[0], 'bob@acme.com may open https://demo.acme.com');
      live.close();
    }),
  );

  it(
    'let nobody in by a line that a program types, or that was typed before anybody saw the prompt',
    withClock(async (pass) => {
      const { live, press, calls, lines } = setUp();
      await press(...'anna@elsewhere.test', 'enter');
      assert.deepEqual(calls, []);
      assert.match(lines().at(-1) ?? '', /^allow {4}nna@elsewhere\.test$/);
      pass();
      await press('escape');
      assert.deepEqual(calls, []);
      live.close();
    }),
  );

  it(
    'say in one sentence what is wrong with the line, which stays, or with the edge',
    withClock(async (pass) => {
      const { live, press, calls, hints, lines } = setUp();
      await press('a', 'bob');
      pass();
      await press('enter');
      assert.match(hints[0] ?? '', /^"bob" cannot be granted\. A rule is /);
      assert.match(lines().at(-1) ?? '', /^allow {4}bob$/);
      await press('\x15', 'bob@acme.com for ever', 'enter', 'escape');
      assert.match(hints[1] ?? '', /^"ever" is not a duration/);
      await press('a', 'enter', 'a', 'x@acme.com', 'escape'); // nothing was typed, and nothing is meant
      assert.deepEqual(calls, []);
      await press('a', 'out@elsewhere.test');
      pass();
      await press('enter');
      assert.match(hints.at(-1) ?? '', /^outside /);
      live.close();
    }),
  );

  it(
    'take access back from who is chosen, after a question',
    withClock(async (pass) => {
      const { live, press, calls, lines } = setUp();
      await press('r');
      assert.deepEqual(lines().slice(0, 2), ['revoke > 1 bob@acme.com  (here)', '         2 @partner.com  (let in)']);
      pass();
      await press('down', 'enter');
      assert.match(lines()[0] ?? '', /No longer let @partner\.com in\?/);
      pass();
      await press('y');
      await press('r');
      pass();
      await press('1');
      assert.match(lines()[0] ?? '', /Shut bob@acme\.com out/);
      pass();
      await press('n', 'r');
      pass();
      await press('1');
      pass();
      await press('y');
      assert.deepEqual(calls, ['take back @partner.com', 'bob@acme.com {"effect":"deny"}']);
      live.close();
    }),
  );

  it(
    'mean nothing that appeared only now',
    withClock(async (pass) => {
      const { live, keys, press, calls, settled, lines } = setUp();
      await press('r', '1', 'enter'); // typed ahead of the list
      assert.match(lines()[0] ?? '', /^revoke > 1/);
      pass();
      await press('1', 'y'); // typed ahead of the question
      assert.match(lines()[0] ?? '', /Shut bob/);
      await press('escape');
      keys.askers([EVE]);
      await press('y');
      assert.deepEqual([calls, settled], [[], []]);
      pass();
      await press('a'); // the knock is there, and its keys are not
      keys.askers([EVE, ZOE]);
      pass();
      await press('8', 'n', 'escape', 'y');
      assert.deepEqual(calls, []);
      pass();
      await press('yy', '8'); // a paste, and a key
      assert.deepEqual([calls, settled], [['e1 {"answer":"allow","for":"8h"}'], ['e1']]);
      live.close();
    }),
  );

  it(
    'hold what is shown, and go on with a key that does nothing else',
    withClock(async (pass) => {
      const { live, keys, press, held, calls, hints } = setUp();
      keys.askers([EVE]);
      pass();
      await press('ctrl-s', 'y', 'y');
      assert.deepEqual([held, calls], [[true, false], []]);
      pass();
      await press('y', 'enter');
      assert.equal(calls.length, 1);
      assert.deepEqual(hints, ['eve@elsewhere.test may come in', '']); // Enter sets apart what comes next
      live.close();
    }),
  );

  it(
    'are explained, and gone at the end',
    withClock(async () => {
      const { live, press, lines } = setUp([]);
      await press('?');
      assert.match(lines().join('\n'), /a {2}let somebody in.*\n.*r {2}take access back.*\n.*y 8 n/);
      const narrow = lines(40);
      assert.ok(narrow.every((line) => line.length < 40 && !line.includes('…')));
      assert.match(narrow.join(' ').replace(/ +/g, ' '), /y 8 n to who asks first: yes, for eight hours, no/);
      await press('a');
      assert.equal(lines().length, 1);
      assert.match(lines(40).join(' ').replace(/ +/g, ' '), /r take access back · \? all keys/);
      await press('a');
      live.close();
      assert.deepEqual(lines(), []);
    }),
  );

  it(
    'are for several tunnels: they answer whoever asked first, say at which, and ask which one is meant',
    withClock(async (pass) => {
      const { live, keys, addTunnel, press, calls, settled, lines } = setUp();
      const shop = addTunnel('shop');
      shop.askers([ZOE]);
      keys.askers([EVE]);
      assert.match(lines()[0] ?? '', /zoe@elsewhere\.test at shop: y let in/);
      assert.match(lines(40).join(' ').replace(/ +/g, ' '), /y let in · 8 for eight hours · n no/);
      pass();
      await press('y');
      assert.deepEqual([settled, calls], [['shop z1'], ['z1 {"answer":"allow"}']]);
      shop.askers([]);
      assert.match(lines()[0] ?? '', /eve@elsewhere\.test at demo/);
      await press('a');
      assert.match(lines().join('\n'), /> 1 demo .*\n.* 2 shop/);
      pass();
      await press('2', ...'bob@acme.com');
      pass();
      await press('enter');
      assert.equal(calls.at(-1), 'bob@acme.com {"effect":"allow"}');
      shop.remove();
      await press('a');
      assert.match(lines().at(-1) ?? '', /^allow/, 'one tunnel needs no choice');
      live.close();
    }),
  );

  it(
    'show texts of others without controls, and fitted to any width',
    withClock(async (pass) => {
      const names = Array.from({ length: 30 }, (_, at) => `${at}${HOSTILE}${'漢'.repeat(40)}@acme.com`);
      const { live, press, lines } = setUp(names);
      const check = () => {
        for (const columns of [1, 2, 10, 40, 80]) {
          for (const line of lines(columns)) {
            assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u);
            assert.ok(stringWidth(line) <= Math.max(columns, 2), `${columns}: ${line}`);
          }
        }
      };
      check();
      await press('a', `${HOSTILE}${'x'.repeat(300)}`);
      check();
      await press('escape', 'r');
      assert.equal(lines().length, 10);
      pass();
      for (let at = 0; at < 40; at++) await press('down');
      check();
      assert.match(lines()[8] ?? '', /> 9 @partner\.com/);
      await press('1');
      check();
      live.close();
    }),
  );
});

it('nobody is asked to shut out the owner, and who was shut out is not in the list', () => {
  const grants = [
    { rule: 'bob@acme.com', effect: 'deny' as const, expires_at: null },
    { rule: 'zoe@acme.com', effect: 'allow' as const, expires_at: '2020-01-02T03:04:05Z' },
  ];
  const people = ['ana@acme.com', 'zoe@acme.com'].map((email) => ({ email, open: 1 }));
  const entries = entriesOf('ana@acme.com', grants, people);
  assert.deepEqual(
    entries.map(({ rule, note }) => [rule, note.replace(/\d.*/, '')]),
    [['zoe@acme.com', 'here, let in until ']],
  );
});
