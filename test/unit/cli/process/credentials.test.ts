/** The file of sign-ins: who may read it, what may stand in it, and what a crash leaves of it. */
import assert from 'node:assert/strict';
import fs, {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Credential, Credentials } from '../../../../src/cli/process/credentials.js';
import { CommandError } from '../../../../src/cli/process/exit.js';

const ONE = 'https://one.acme.com';
const TWO = 'https://two.acme.com';

function credential(owner = 'ana@acme.com'): Credential {
  return { owner, accessToken: 'postern_a', refreshToken: 'postern_rt_a', issuedAtMs: 1, expiresAtMs: 2 };
}

function open(t: TestContext): Credentials {
  const folder = mkdtempSync(join(tmpdir(), 'postern-credentials-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return new Credentials(join(folder, 'postern', 'credentials.json'));
}

async function openWith(t: TestContext, edges: readonly string[]): Promise<Credentials> {
  const credentials = open(t);
  for (const edge of edges) await credentials.locked(async () => credentials.write(edge, credential(), true));
  return credentials;
}

describe('the file of credentials', () => {
  it('has no sign-in while it is not there', (t) => {
    const credentials = open(t);
    assert.deepEqual(
      [credentials.lastEdge(), credentials.find(ONE), credentials.tokenOf(ONE)],
      [undefined, undefined, undefined],
    );
    assert.equal(existsSync(credentials.path), false);
  });

  it('has one for each edge, and knows the last', async (t) => {
    const credentials = await openWith(t, [ONE, TWO]);
    assert.deepEqual(credentials.find(ONE), credential());
    assert.equal(credentials.lastEdge(), TWO);
    await credentials.locked(async () => credentials.write(ONE, credential('bob@acme.com'), false)); // a renewal
    assert.equal(credentials.lastEdge(), TWO);
    assert.equal(credentials.find(ONE)?.owner, 'bob@acme.com');
    await credentials.locked(async () => credentials.remove(TWO));
    assert.deepEqual([credentials.find(TWO), credentials.lastEdge()], [undefined, ONE]);
    assert.equal(credentials.find('__proto__'), undefined);
  });

  it('is readable by its owner only, whatever the umask, and leaves no other file', async (t) => {
    const before = process.umask(0);
    t.after(() => process.umask(before));
    const { path } = await openWith(t, [ONE]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(join(path, '..')), ['credentials.json']);
  });

  it('is the old one or the new one after a crash: what was half written is not looked at', async (t) => {
    const credentials = await openWith(t, [ONE]);
    const whole = readFileSync(credentials.path, 'utf8');
    for (let bytes = 0; bytes < whole.length; bytes += 7) {
      writeFileSync(`${credentials.path}.new`, whole.slice(0, bytes), { mode: 0o644 });
      assert.deepEqual(credentials.find(ONE), credential());
      await credentials.locked(async () => credentials.write(TWO, credential(), true));
      assert.deepEqual(credentials.find(TWO), credential());
      assert.equal(statSync(credentials.path).mode & 0o777, 0o600);
    }
  });

  it('is written whole, though the system writes a part at a time', async (t) => {
    const credentials = await openWith(t, [ONE]);
    const write = fs.writeSync;
    t.mock.method(fs, 'writeSync', (file: number, text: string) => write(file, text.slice(0, 10)));
    syncBuiltinESMExports();
    try {
      await credentials.locked(async () => credentials.write(TWO, credential(), true));
    } finally {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    }
    assert.deepEqual([credentials.find(ONE), credentials.find(TWO)], [credential(), credential()]);
  });

  for (const [name, part] of [
    ['a time that is none', { expiresAtMs: Number.POSITIVE_INFINITY }],
    ['a time that no date has', { expiresAtMs: 8.64e15 + 1 }],
    ['an access token with a space', { accessToken: 'a b' }],
    ['a refresh token with nothing in it', { refreshToken: '' }],
    ['an owner that would make it too large to be read', { owner: 'a'.repeat(1_048_576) }],
  ] as const)
    it(`takes no credential with ${name}, and stays as it is`, async (t) => {
      const credentials = await openWith(t, [ONE]);
      const text = readFileSync(credentials.path, 'utf8');
      await assert.rejects(
        credentials.locked(async () => credentials.write(TWO, { ...credential(), ...part }, true)),
        CommandError,
      );
      assert.equal(readFileSync(credentials.path, 'utf8'), text);
    });

  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o666])
    it(`is refused with mode ${mode.toString(8)}`, async (t) => {
      const credentials = await openWith(t, [ONE]);
      chmodSync(credentials.path, mode);
      for (const read of [() => credentials.find(ONE), () => credentials.lastEdge()])
        assert.throws(read, /credentials\.json" holds credentials and can be (?:read|changed) by others: chmod 600 it/);
      await assert.rejects(
        credentials.locked(async () => credentials.write(TWO, credential(), true)),
        /chmod 600/,
      );
    });

  for (const [name, text] of [
    ['nothing', ''],
    ['half a file', '{"version":1,"edges":{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['another version', '{"version":2,"edges":{}}'],
    ['a credential without a token', `{"version":1,"edges":{"${ONE}":{"owner":"a"}}}`],
    [
      'a token with a line break',
      JSON.stringify({ version: 1, edges: { [ONE]: { ...credential(), accessToken: 'a\r\nX: b' } } }),
    ],
  ] as const)
    it(`is refused, and left as it is, with ${name} in it`, async (t) => {
      const credentials = await openWith(t, [ONE]);
      writeFileSync(credentials.path, text);
      assert.throws(() => credentials.find(ONE), /is no credentials file of this version of Postern: remove it/);
      await assert.rejects(credentials.locked(async () => credentials.write(TWO, credential(), true)));
      assert.equal(readFileSync(credentials.path, 'utf8'), text);
    });
});
