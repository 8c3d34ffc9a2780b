import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { carryOut, isOurs, runCommand } from '../../../../src/cli/service/carry-out.js';
import { MARK } from '../../../../src/cli/service/plan.js';

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-carry-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('carryOut', () => {
  it('writes files with their mode, and starts; the second time it leaves what runs alone', (t) => {
    const folder = temporary(t);
    const path = join(folder, 'deep', 'postern-demo.service');
    const touch = (name: string) => ({
      words: [process.execPath, '-e', `fs.writeFileSync(${JSON.stringify(join(folder, name))}, '')`],
    });
    const plan = {
      files: [{ path, text: `# ${MARK}\n`, mode: 0o600 }],
      commands: [touch('restarted')],
      commandsIfUnchanged: [touch('kept')],
      notes: [],
    };
    const said: string[] = [];
    carryOut(plan, (line) => said.push(line));
    assert.equal(readFileSync(path, 'utf8'), `# ${MARK}\n`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual([existsSync(join(folder, 'restarted')), existsSync(join(folder, 'kept'))], [true, false]);
    carryOut(plan, (line) => said.push(line));
    assert.equal(existsSync(join(folder, 'kept')), true);
    assert.deepEqual(said, [`wrote ${path}`, `${path} is as it should be`]);
  });

  it('fails with the command that has failed, unless it may', () => {
    const words = [process.execPath, '-e', 'process.exit(3)'];
    assert.throws(() => runCommand({ words }), /has failed \(status 3\)/);
    runCommand({ words, mayFail: true });
    assert.throws(() => runCommand({ words: ['/nowhere/systemctl'] }), /ENOENT/);
  });

  it('knows its own files, and refuses those of others', (t) => {
    const path = join(temporary(t), 'postern-demo.service');
    assert.equal(isOurs(path), false);
    writeFileSync(path, `# ${MARK}`);
    assert.equal(isOurs(path), true);
    writeFileSync(path, '[Unit]');
    assert.throws(() => isOurs(path), /was not made by Postern/);
  });
});
