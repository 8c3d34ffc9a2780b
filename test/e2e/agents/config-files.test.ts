/** `postern config init|edit|import` and `config check --agent`, and command lines of other programs. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runPostern } from '../../support/processes.js';

describe('the files of tunnels', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-files-'));
  after(() => rmSync(folder, { recursive: true }));
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runPostern(args, { XDG_CONFIG_HOME: folder, ...env }, { cwd: folder });
  const file = () => readFileSync(join(folder, 'postern.yaml'), 'utf8');

  test('are written once, checked, and edited in the editor of a person without a shell', async () => {
    assert.equal((await run(['config', 'init'])).exit.code, 0);
    const again = await run(['config', 'init']);
    assert.deepEqual([again.exit.code, again.stderr.includes('there already')], [1, true]);
    const checked = await run(['config', 'check', '--agent']);
    assert.equal(checked.stdout, 'postern.yaml: web\nok');
    const asked = await run(['config', 'check']);
    assert.equal(asked.exit.code, 2);
    assert.match(asked.stderr, /"postern config check --agent" looks at postern\.yaml/);
    const editor = join(folder, 'editor');
    writeFileSync(editor, '#!/bin/sh\nprintf "  x: { targett: 1 }\\n" >> "$3"\n', { mode: 0o755 });
    const edited = await run(['config', 'edit'], { VISUAL: `${editor} $(touch${'\t'}hacked)` });
    assert.equal(edited.exit.code, 2, edited.stderr);
    assert.ok(!existsSync(join(folder, 'hacked')));
    assert.match(edited.stderr, /postern\.yaml:\d+:8 is not an option of Postern; did you mean "target"/);
  });

  test('take the tunnels of other programs when asked to, and show the difference before', async () => {
    writeFileSync(join(folder, 'postern.yaml'), '# mine\ntunnels:\n  web: { target: 1 }\n');
    writeFileSync(
      join(folder, 'ngrok.yml'),
      'version: 2\nauthtoken: s3cret\ntunnels: { shop: { proto: http, addr: 8080 } }\n',
    );
    const before = file();
    const shown = await run(['config', 'import', 'ngrok.yml']);
    assert.match(shown.stdout, /^\+ {3}shop:\n\+ {5}target: 8080$/m);
    assert.match(shown.stderr, /authtoken \(ngrok\.yml:2:1\) is not carried over/);
    assert.doesNotMatch(shown.stderr + shown.stdout, /s3cret/);
    assert.equal(file(), before);
    assert.equal((await run(['config', 'import', 'ngrok.yml', '--write'])).exit.code, 0);
    assert.equal(file(), `${before}  shop:\n    target: 8080\n`);
  });

  test('are not needed to say what a command line of another program is here', async () => {
    const { exit, stderr } = await run(['http', '8080', '--oauth-allow-domain', 'acme.com']);
    assert.equal(exit.code, 2);
    assert.match(stderr, /type: postern http 8080 --allow @acme\.com$/m);
  });
});
