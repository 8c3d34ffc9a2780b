/** The process of `postern edge`: what it refuses to start with, what it writes, and how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync, statSync, watch } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { assertUsage, EDGE_ENV, environment, folder, postern } from '../../support/command-line.js';
import { POSTERN } from '../../support/processes.js';

/** Resolves once a file of this name is in the folder. */
async function watchFor(path: string, name: string): Promise<void> {
  const watcher = watch(path);
  while (!existsSync(join(path, name))) await once(watcher, 'change');
  watcher.close();
}
describe('postern edge', () => {
  it('starts nothing with a wrong configuration', async () => {
    assertUsage(await postern(['edge'], { ...EDGE_ENV, POSTERN_SESSION_IDLE: '2' }), ['POSTERN_SESSION_IDLE']);
  });

  it('starts nothing when the audit file cannot be written', async () => {
    assertUsage(await postern(['edge', '--audit-log', 'absent/audit.log'], EDGE_ENV), ['POSTERN_AUDIT_LOG']);
  });

  for (const [option, other] of [
    ['POSTERN_LISTEN', 'POSTERN_ADMIN_LISTEN'],
    ['POSTERN_ADMIN_LISTEN', 'POSTERN_LISTEN'],
  ] as const) {
    it(`reports in one line that the port of ${option} is taken`, async (t) => {
      const taker = createServer().listen(0, '127.0.0.1');
      t.after(() => taker.close());
      await once(taker, 'listening');
      const address = `127.0.0.1:${(taker.address() as AddressInfo).port}`;
      const { code, stderr } = await postern(['edge'], { ...EDGE_ENV, [option]: address, [other]: '127.0.0.1:0' });
      assert.equal(code, 1);
      assert.ok(stderr.startsWith(`postern: ${option}: `) && stderr.includes(address), stderr);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    });
  }

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    it(`logs JSON lines only, and ends with ${code} on ${signal}`, async () => {
      const cwd = folder();
      const env = { ...EDGE_ENV, POSTERN_LISTEN: '127.0.0.1:0', POSTERN_ADMIN_LISTEN: '127.0.0.1:0' };
      const child = spawn(process.execPath, [POSTERN, 'edge'], { cwd, env: environment(cwd, env) });
      const exited = once(child, 'exit');
      const records: Record<string, unknown>[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        const record = JSON.parse(line) as Record<string, unknown>;
        if (typeof record['port'] === 'number') child.kill(signal);
        records.push(record);
      }
      assert.deepEqual(await exited, [code, null]);
      const isOld = Number.parseInt(process.versions.node, 10) < 22;
      assert.equal(records.filter(({ node }) => node !== undefined).length, isOld ? 1 : 0);
    });
  }

  it('writes audit records to a separate file, and reopens it on SIGHUP', async () => {
    const cwd = folder();
    const audit = join(cwd, 'audit.log');
    const env = {
      ...EDGE_ENV,
      POSTERN_LISTEN: '127.0.0.1:0',
      POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
      POSTERN_AUDIT_LOG: audit,
    };
    const child = spawn(process.execPath, [POSTERN, 'edge'], { cwd, env: environment(cwd, env) });
    const exited = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) {
      const { port, signal } = JSON.parse(line) as Record<string, unknown>;
      if (typeof port !== 'number') continue;
      assert.equal(signal, undefined);
      assert.equal(statSync(audit).mode & 0o777, 0o600);
      renameSync(audit, `${audit}.1`);
      const reopened = watchFor(cwd, 'audit.log');
      child.kill('SIGHUP');
      await reopened;
      child.kill('SIGTERM');
    }
    assert.deepEqual(await exited, [0, null]);
  });
});
