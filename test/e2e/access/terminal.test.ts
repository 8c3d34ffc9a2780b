/** The agent's terminal: who is here, who asks to be let in, and the keys that answer. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { POSTERN } from '../../support/processes.js';
import { HAS_PTY, startInTerminal } from '../../support/terminal.js';
import type { Visitor } from '../../support/visitor.js';

type Steps = readonly (readonly [mark: string, key: string])[];

describe('the terminal of a running agent', { skip: HAS_PTY ? false : 'Python’s pty is not here' }, () => {
  const { world } = inWorld({ manyAddresses: true, tunnels: '*' });
  const folder = mkdtempSync(join(tmpdir(), 'postern-knocks-'));
  after(() => rmSync(folder, { recursive: true }));

  const notifySend = `#!/bin/sh\nprintf '%s\\n' "$@" >> ${join(folder, 'notified')}\n`;
  writeFileSync(join(folder, 'notify-send'), notifySend, { mode: 0o755 });

  async function knock(name: string, message: string): Promise<Visitor> {
    const eve = world.visitor();
    await eve.signIn(`${world.urlOf(name)}/`, 'eve');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({ to: name, message }).toString();
    assert.equal((await eve.fetch(`${world.base}/access`, { method: 'POST', headers, body })).status, 303);
    return eve;
  }

  /** An agent in a terminal, where a key is pressed once somebody asks to be let in. */
  async function agentInTerminal(name: string, key: string, more: readonly string[] = [], steps: Steps = []) {
    const target = world.target.url;
    const terminal = startInTerminal({
      name: `agent of ${name}`,
      command: [process.execPath, POSTERN, 'http', target, '--name', name, ...more],
      mark: key === '' ? '' : 'n no',
      key,
      steps,
      env: {
        ...{ POSTERN_EDGE: world.base, POSTERN_TOKEN: await world.token() },
        ...{ PATH: `${folder}${delimiter}${process.env['PATH']}`, DISPLAY: ':0', SSH_CONNECTION: '' },
      },
    });
    await terminal.line((line) => line.includes(world.urlOf(name)));
    return terminal;
  }

  test('lets a person in with one key, and starts a program that learns of the request without a shell', async () => {
    const program = join(folder, 'tell');
    writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@" > ${join(folder, 'told')}\n`, { mode: 0o755 });
    const agent = await agentInTerminal('yes', 'y', ['--on-knock', program]);
    const message = '$(touch hacked) `id`; "May I?" \'please\' --x';
    const eve = await knock('yes', message);
    await agent.line((line) => line.includes('asks     eve@elsewhere.test: $(touch hacked)'));
    await agent.line((line) => line.includes('eve@elsewhere.test may come in'));
    assert.equal((await eve.fetch(`${world.urlOf('yes')}/`)).status, 200);
    // The line at the bottom has no end until another one takes its place.
    const isHere = agent.line((line) => /here +eve@elsewhere\.test/.test(line));
    let isShown = false;
    void isHere.then(() => {
      isShown = true;
    });
    while (!isShown) await eve.fetch(`${world.urlOf('yes')}/`);
    assert.deepEqual(readFileSync(join(folder, 'told'), 'utf8').split('\n').slice(0, 3), [
      ...['eve@elsewhere.test', message, world.urlOf('yes')],
    ]);
    assert.match(
      readFileSync(join(folder, 'notified'), 'utf8'),
      /^eve@elsewhere\.test asks to be let in: \$\(touch hacked\)/m,
    );
    await agent.kill();
  });

  test('says no with one key, and only to the one who asked', async () => {
    const agent = await agentInTerminal('no', 'n');
    const eve = await knock('no', '');
    await agent.line((line) => line.includes('eve@elsewhere.test was not let in'));
    assert.equal((await eve.fetch(`${world.urlOf('no')}/`)).status, 403);
    await agent.kill();
  });

  test('lets a person in who did not ask, and takes that back, by keys', async () => {
    const agent = await agentInTerminal(
      'keys',
      '',
      [],
      [
        ['all keys', 'a'],
        ['Enter lets in', 'eve@elsewhere.tes'],
        ['eve@elsewhere.tes', 't for 8h'],
        ['t for 8h', '\r'],
        ['may open', 'r'],
        ['> 1 eve@elsewhere.test', '1'],
        ['Shut eve@elsewhere.test out', 'y'],
      ],
    );
    const eve = world.visitor();
    await eve.signIn(`${world.urlOf('keys')}/`, 'eve');
    await agent.line((line) => /eve@elsewhere\.test may open \S+ until$/.test(line.trimEnd())); // the sentence is broken there
    await agent.line((line) => /^\S* +20\d\d-\d\d-\d\dT/.test(line));
    assert.equal((await eve.fetch(`${world.urlOf('keys')}/`)).status, 200);
    await agent.line((line) => line.includes('eve@elsewhere.test is shut out of'));
    assert.equal((await eve.fetch(`${world.urlOf('keys')}/`)).status, 403);
    await agent.kill();
  });

  test('says in one sentence what the edge refuses, and ends with Ctrl-C in the line that is typed', async () => {
    const steps: Steps = [
      ['all keys', 'a'],
      ['Enter lets in', 'public'],
      ['public', '\r'],
      ['cannot be granted', '\x15'],
      ['Enter lets in', 'group:eng for 99999d'],
      ['99999d', '\r'],
      ['is not a duration', '\x03'],
    ];
    const agent = await agentInTerminal('wrong', '', [], steps);
    assert.deepEqual(await agent.exited, { code: 130, signal: null });
    assert.match(agent.stdout, /"public" cannot be granted/);
    // What the terminal was told last: no more brackets around a paste.
    assert.ok(agent.stdout.lastIndexOf('\x1b[?2004l') > agent.stdout.lastIndexOf('\x1b[?2004h'));
  });

  test('ends with Ctrl-C while it asks', async () => {
    const agent = await agentInTerminal('end', '\x03');
    await knock('end', '');
    assert.equal((await agent.exited).code, 130);
  });

  test('asks in a line of its own, and as JSON, where there is no terminal', async () => {
    await world.startAgent({ name: 'json' });
    await knock('json', 'hello');
    const record = await world.agent.record((line) => line['event'] === 'knock');
    assert.deepEqual([record['email'], record['message']], ['eve@elsewhere.test', 'hello']);
  });
});
