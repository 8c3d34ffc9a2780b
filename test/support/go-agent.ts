/** Builds `go-agent/main.go` with the Go and the x/net of the distribution: nothing is fetched. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from './project-root.js';

const SOURCE = join(PROJECT_ROOT, 'test', 'support', 'go-agent', 'main.go');

export interface GoAgent {
  /** The program; undefined where it could not be built. */
  readonly path: string | undefined;
  /** For `test(name, { skip }, ...)`: false, or why there is none. */
  readonly skip: string | false;
  remove(): void;
}

export function buildGoAgent(): GoAgent {
  const folder = mkdtempSync(join(tmpdir(), 'postern-go-agent-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const path = join(folder, 'go-agent');
  const { GOCACHE = join(tmpdir(), 'postern-go-cache') } = process.env;
  const env = { PATH: process.env['PATH'], GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE };
  const { status } = spawnSync('go', ['build', '-o', path, SOURCE], { env, stdio: 'ignore' });
  if (status === 0) return { path, skip: false, remove };
  remove();
  const skip = 'no Go with x/net here: "apt-get install golang-go golang-golang-x-net-dev" brings them';
  return { path: undefined, skip, remove: () => {} };
}
