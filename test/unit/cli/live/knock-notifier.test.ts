import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { KnockNotifier } from '../../../../src/cli/live/knock-notifier.js';
import { desktopProgram } from '../../../../src/cli/process/desktop.js';
import { deferred } from '../../../support/deferred.js';

const EVE = { id: 'e1', email: 'eve@elsewhere.test', message: 'May I?' };

const folder = mkdtempSync(join(tmpdir(), 'postern-notify-'));
after(() => rmSync(folder, { recursive: true }));

const TOLD = join(folder, 'told');

/** Puts a program in front of the PATH; it does this after it has noted its arguments. */
function fake(name: string, then = ''): NodeJS.ProcessEnv {
  const path = mkdtempSync(join(folder, 'bin-'));
  const script = `#!/bin/sh\nfor word; do printf '%s\\0' "$word"; done >> ${TOLD}\nprintf '\\n' >> ${TOLD}\nenv > ${TOLD}.env\n${then}\n`;
  writeFileSync(join(path, name), script, { mode: 0o755 });
  rmSync(TOLD, { force: true });
  return { PATH: `${path}${delimiter}${process.env['PATH']}`, DISPLAY: ':0', POSTERN_TOKEN: 'hush' };
}

/** The arguments of each time the program was started. */
function told(): string[][] {
  if (!existsSync(TOLD)) return [];
  const runs = readFileSync(TOLD, 'utf8').split('\0\n');
  return runs.filter((run) => run !== '').map((run) => run.split('\0'));
}

interface Told {
  readonly rings: string[];
  readonly failures: string[];
}

/** Lets people knock, and waits until all of it was told. */
async function knock(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  ...knocks: readonly (typeof EVE)[]
): Promise<Told> {
  const [rings, failures]: [string[], string[]] = [[], []];
  const { promise, resolve } = deferred<void>();
  const notifier = new KnockNotifier({
    ...{ tunnel: 'demo.acme.com', env, platform, minGapMs: 0 },
    ring: (text) => rings.push(text),
    failed: (sentence) => failures.push(sentence),
    idle: resolve,
  });
  for (const asker of knocks) notifier.knock(asker);
  await promise;
  return { rings, failures };
}

describe('a notification of who asks to be let in', () => {
  it('is one of notify-send on Linux, whatever a stranger writes', async () => {
    const message = `--icon=x <b>&amp;</b> $(touch hacked) \`id\` "'\x1b]52;c;AAAA\x07\u202e${'漢'.repeat(300)}`;
    const { rings, failures } = await knock(fake('notify-send'), 'linux', { ...EVE, message });
    const [[name, dashes, title, body = ''] = [], ...more] = told();
    assert.deepEqual([name, dashes, title, more.length], ['--app-name=Postern', '--', 'Postern: demo.acme.com', 0]);
    assert.match(
      body,
      /^eve@elsewhere\.test asks to be let in: --icon=x &lt;b&gt;&amp;amp;&lt;\/b&gt; \$\(touch hacked\)/,
    );
    assert.doesNotMatch(body, /[\p{C}<>]/u);
    assert.ok(body.endsWith('…') && body.length < 300, body);
    assert.deepEqual([rings, failures], [[], []]);
    assert.doesNotMatch(readFileSync(`${TOLD}.env`, 'utf8'), /hush/);
  });

  it('is one of osascript on macOS, with the text as arguments of a fixed script', async () => {
    const message = `" & (do shell script "touch hacked") & "`;
    await knock(fake('osascript'), 'darwin', { ...EVE, message });
    const [words = []] = told();
    assert.deepEqual(
      words.slice(0, -3).filter((_, at) => at % 2 === 0),
      ['-e', '-e', '-e'],
    );
    assert.ok(!words.slice(0, -3).join().includes('shell'));
    assert.deepEqual(words.slice(-3), [
      '--',
      'Postern: demo.acme.com',
      `eve@elsewhere.test asks to be let in: ${message}`,
    ]);
  });

  it('is the bell of the terminal where there is no program, no desktop, or nobody at it', async () => {
    const text = ['Postern: demo.acme.com: eve@elsewhere.test asks to be let in: May I?'];
    const none = { PATH: mkdtempSync(join(folder, 'none-')), DISPLAY: ':0' };
    assert.deepEqual(await knock(none, 'linux', EVE), { rings: text, failures: [] });
    for (const platform of ['linux', 'win32', 'freebsd'] as const)
      assert.equal(desktopProgram({}, platform), undefined);
    for (const platform of ['linux', 'darwin'] as const)
      assert.equal(desktopProgram({ DISPLAY: ':10', SSH_CONNECTION: '::1 1 ::1 22' }, platform), undefined);
  });

  it('says once that the program fails, and then rings the bell', async () => {
    const env = fake('notify-send', 'exit 3');
    const { rings, failures } = await knock(env, 'linux', EVE, EVE, EVE);
    assert.deepEqual(failures, [
      'no notification was shown (notify-send ended with 3): the bell of the terminal rings instead.',
    ]);
    assert.equal(told().length, 1);
    assert.equal(rings.length, 2);
  });

  it('is one at a time, and one for many who ask meanwhile', async () => {
    const running = join(folder, 'running');
    const env = fake('notify-send', `test -e ${running} && exit 9; touch ${running}; sleep 0.2; rm ${running}`);
    const crowd = Array.from({ length: 1_000 }, (_, at) => ({ ...EVE, id: String(at) }));
    const { failures } = await knock(env, 'linux', ...crowd);
    assert.deepEqual(failures, []);
    assert.deepEqual(
      told().map((words) => words.at(-1)),
      ['eve@elsewhere.test asks to be let in: May I?', '999 people ask to be let in'],
    );
  });
});
