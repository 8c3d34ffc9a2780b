import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import type { LogFields } from '../../../../src/core/log.js';
import { silentLog } from '../../../../src/core/log.js';
import { CertificateError, type CheckedCertificate } from '../../../../src/edge/tls/certificate-check.js';
import { CertificateFiles, readCertificate } from '../../../../src/edge/tls/certificate-files.js';
import { deferred } from '../../../support/deferred.js';
import { type Issued, TestAuthority } from '../../../support/edge-certificates.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const HOST = 'tunnel.test';

let authority: TestAuthority;
let first: Issued;
let second: Issued;

before(async () => {
  authority = await TestAuthority.create();
  first = await authority.issue([HOST, `*.${HOST}`]);
  second = await authority.issue([HOST, `*.${HOST}`]);
});

function write(folder: string, { chain, key }: { chain: string; key: string }): { cert: string; key: string } {
  const paths = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  writeFileSync(paths.cert, chain);
  writeFileSync(paths.key, key, { mode: 0o600 });
  return paths;
}

/** Follows files; `next` resolves with the next certificate that is used, or the next problem that is logged. */
function follow(t: TestContext, paths: { cert: string; key: string }) {
  let awaited = deferred<string>();
  const told = (text: string) => {
    awaited.resolve(text);
    awaited = deferred<string>();
  };
  const log = { ...silentLog, error: ({ problem }: LogFields) => told(String(problem)) };
  const used: CheckedCertificate[] = [];
  const files = new CertificateFiles({
    paths,
    host: HOST,
    log,
    onCertificate: (certificate) => {
      used.push(certificate);
      told(certificate.chain);
    },
  });
  const alive = setInterval(() => {}, 60_000); // neither the watcher nor its timers keep a process
  t.after(() => {
    clearInterval(alive);
    files.close();
  });
  return { files, used, next: () => awaited.promise };
}

describe('the files of a certificate', () => {
  it('are used again when they change', async (t) => {
    const folder = temporaryFolder('tls');
    const { used, next } = follow(t, write(folder, first));
    assert.equal(used[0]?.chain, first.chain);
    const changed = next();
    write(folder, second);
    assert.equal(await changed, second.chain);
  });

  it('may be behind links that are replaced, as those of certbot and Kubernetes are', async (t) => {
    const folder = temporaryFolder('tls');
    for (const [name, issued] of [
      ['one', first],
      ['two', second],
    ] as const) {
      mkdirSync(join(folder, name));
      write(join(folder, name), issued);
    }
    symlinkSync('one', join(folder, '..data'));
    for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(folder, name));
    const { next } = follow(t, { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') });
    const changed = next();
    symlinkSync('two', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    assert.equal(await changed, second.chain);
  });

  it('that cannot be used are reported once, and change nothing', (t) => {
    const folder = temporaryFolder('tls');
    const paths = write(folder, first);
    const { files, used } = follow(t, paths);
    const problems: string[] = [];
    const other = new CertificateFiles({
      paths,
      host: HOST,
      log: { ...silentLog, error: ({ problem }) => problems.push(String(problem)) },
      onCertificate: () => {},
    });
    t.after(() => other.close());
    writeFileSync(paths.key, second.key);
    for (let times = 0; times < 3; times++) other.reload();
    files.reload();
    assert.deepEqual([problems.length, used.length], [1, 1]);
    assert.match(problems[0] ?? '', /^POSTERN_TLS_CERT \(.*tls\.crt\), POSTERN_TLS_KEY \(.*the key does not belong/);
    writeFileSync(paths.cert, second.chain);
    files.reload();
    assert.equal(used[1]?.chain, second.chain);
  });

  it('that are away are reported once each time, and not again while they are', (t) => {
    const paths = write(temporaryFolder('tls'), first);
    const problems: string[] = [];
    const log = { ...silentLog, error: ({ problem }: LogFields) => problems.push(String(problem)) };
    const files = new CertificateFiles({ paths, host: HOST, log, onCertificate: () => {} });
    t.after(() => files.close());
    const away = (name: 'cert' | 'key') => {
      renameSync(paths[name], `${paths[name]}.away`);
      for (let times = 0; times < 3; times++) files.reload();
    };
    away('key');
    assert.equal(problems.length, 1);
    away('cert');
    assert.equal(problems.length, 2);
    for (const path of [paths.cert, paths.key]) renameSync(`${path}.away`, path);
    files.reload();
    away('key');
    assert.deepEqual(
      problems.map((problem) => /(tls\.\w+) cannot be read \(ENOENT\)/.exec(problem)?.[1]),
      ['tls.key', 'tls.crt', 'tls.key'],
    );
  });

  it('must be there at the start: one sentence names option and path', () => {
    const folder = temporaryFolder('tls');
    const paths = write(folder, first);
    const sentence = (changed: Partial<typeof paths>, expected: RegExp) =>
      assert.throws(
        () => readCertificate({ ...paths, ...changed }, HOST, Date.now()),
        (error) => error instanceof CertificateError && expected.test(error.message),
      );
    sentence({ cert: join(folder, 'absent') }, /^POSTERN_TLS_CERT: .*absent cannot be read \(ENOENT\)/);
    sentence({ key: folder }, /^POSTERN_TLS_KEY: .* cannot be read \(EISDIR\)/);
    sentence({ key: paths.cert }, /^POSTERN_TLS_CERT .*the file of the key has none/);
  });

  it('are warned of when everyone can read the key', () => {
    const paths = write(temporaryFolder('tls'), first);
    assert.deepEqual(readCertificate(paths, HOST, Date.now()).warnings, []);
    chmodSync(paths.key, 0o644);
    assert.match(readCertificate(paths, HOST, Date.now()).warnings.join(), /can be read by everyone/);
  });
});
