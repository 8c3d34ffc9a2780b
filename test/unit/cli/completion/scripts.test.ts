/** The scripts in the real shells, with a `postern` that knows hostile names. A shell that is not installed is skipped. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bashScript } from '../../../../src/cli/completion/bash.js';
import { fishScript } from '../../../../src/cli/completion/fish.js';
import { readTree } from '../../../../src/cli/completion/tree.js';
import { zshScript } from '../../../../src/cli/completion/zsh.js';
import { createWholeProgram } from '../../../../src/cli/program.js';

/** Names that would run, expand or break something if a shell read them as code. */
const HOSTILE = [
  'ana@acme.com',
  "o'brien@acme.com",
  `$(touch\${IFS}pwned)@x.test`,
  `\`touch\${IFS}pwned\`@x.test`,
  `a;touch\${IFS}pwned`,
  'a"b@x.test',
  'a\\b@x.test',
  '*',
  '~root',
  `\${PATH}`,
  'a&b|c>pwned',
];

const isInstalled = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;
const skipWithout = (shell: string) => ({ skip: isInstalled(shell) ? false : `${shell} is not installed` });

describe('the scripts of completion', () => {
  let folder = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-completion-'));
    const tree = readTree(await createWholeProgram());
    writeFileSync(join(folder, 'postern.bash'), bashScript(tree));
    writeFileSync(join(folder, 'postern.zsh'), zshScript(tree));
    writeFileSync(join(folder, 'postern.fish'), fishScript(tree));
    writeFileSync(join(folder, 'names'), `${HOSTILE.join('\n')}\n`);
    const fake = join(folder, 'postern');
    writeFileSync(fake, `#!/bin/sh\nprintf '%s\\n' "$*" >> "${folder}/asked"\nexec cat "${folder}/names"\n`);
    chmodSync(fake, 0o755);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(shell: string, args: readonly string[]): string[] {
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, HOME: folder, XDG_CONFIG_HOME: folder };
    const { stdout, stderr, status } = spawnSync(shell, args, { cwd: folder, env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.equal(existsSync(join(folder, 'pwned')), false, 'a name was run');
    return stdout.split('\n').slice(0, -1);
  }

  describe('in bash', skipWithout('bash'), () => {
    /** The candidates for these lines, each as a shell reads it. */
    function complete(...lines: string[]): string[][] {
      const code = [
        'source ./postern.bash',
        `for line in "$@"; do COMP_LINE=$line COMP_POINT=\${#line}; _postern`,
        `for reply in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $reply"; done; echo --; done`,
      ].join('\n');
      const groups: string[][] = [[]];
      for (const line of run('bash', ['--norc', '-c', code, 'bash', ...lines])) {
        if (line === '--') groups.push([]);
        else groups.at(-1)?.push(line);
      }
      return groups.slice(0, -1);
    }

    it('has commands, subcommands, flags and their words', () => {
      const [commands, nested, flags, words, joined, switches] = complete(
        'postern do',
        'postern access-token ',
        'postern http 5173 --host',
        'postern http --notify ',
        'postern http --notify=o',
        'postern http --read-only --no',
      );
      assert.deepEqual(commands, ['doctor']);
      assert.deepEqual(nested, ['create', 'list', 'revoke']);
      assert.deepEqual(flags, ['--host-header']);
      assert.deepEqual(words, ['on', 'off']);
      assert.deepEqual(joined, ['on', 'off']);
      assert.deepEqual(switches, ['--notify']);
    });

    it('has live names, each as it is, whatever is in it', () => {
      const [all, quoted, behind, inName] = complete(
        'postern revoke ',
        "postern revoke o\\'b",
        'postern revoke ana@ac',
        'postern http --edge x --name a',
      );
      assert.deepEqual(all, HOSTILE);
      assert.deepEqual(quoted, ["o'brien@acme.com"]);
      assert.deepEqual(behind, ['acme.com'], 'readline replaces what follows the @');
      assert.deepEqual(
        inName,
        HOSTILE.filter((name) => name.startsWith('a')),
      );
    });

    it('tells the command line for which names are asked', () => {
      complete('postern revoke --edge https://x.test --name demo ');
      const [asked] = run('tail', ['-n', '1', 'asked']);
      assert.equal(asked, '__complete people -- postern revoke --edge https://x.test --name demo');
    });
  });

  describe('in zsh', skipWithout('zsh'), () => {
    /** With the builtins of a completion replaced by what prints their words. */
    function complete(...words: string[]): string[] {
      const code = [
        'compdef() { : }; compset() { return 1 }',
        `compadd() { shift; print -rl -- "$@" }; _describe() { print -rl -- "\${(P@)4}" }`,
        'source ./postern.zsh',
        'words=("$@"); CURRENT=$#; PREFIX=$words[-1]; _postern',
      ].join('\n');
      return run('zsh', ['-f', '-c', code, 'zsh', ...words]);
    }

    it('has commands with what they do, flags, words and live names', () => {
      assert.ok(complete('postern', '').some((line) => line.startsWith('doctor:Look for')));
      assert.deepEqual(
        complete('postern', 'access-token', '').map((line) => line.split(':')[0]),
        ['create', 'list', 'revoke'],
      );
      assert.ok(complete('postern', 'http', '-').some((line) => line.startsWith('--host-header:')));
      assert.deepEqual(complete('postern', 'http', '--notify', ''), ['on', 'off']);
      assert.deepEqual(complete('postern', 'revoke', ''), HOSTILE);
    });

    it('reads as zsh reads it', () => assert.deepEqual(run('zsh', ['-f', '-n', 'postern.zsh']), []));
  });

  describe('in fish', skipWithout('fish'), () => {
    /** By fish's own engine. */
    const complete = (line: string) =>
      run('fish', ['--no-config', '-c', 'source ./postern.fish; complete -C $argv[1]', line]).map(
        (found) => found.split('\t')[0],
      );

    it('has commands, subcommands, flags, words and live names', () => {
      assert.deepEqual(complete('postern doc'), ['doctor']);
      assert.deepEqual(complete('postern access-token '), ['create', 'list', 'revoke']);
      assert.deepEqual(complete('postern http --host'), ['--host-header']);
      assert.deepEqual(complete('postern http --notify ').sort(), ['off', 'on']);
      assert.deepEqual(complete('postern revoke ').sort(), [...HOSTILE].sort());
    });
  });
});
