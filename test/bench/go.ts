/** Programs in Go, built with what the distribution brings: nothing is fetched. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/project-root.js';
import { FOLDER, findCommand, run } from './children.js';

const ENVIRONMENT = {
  GO111MODULE: 'off',
  GOPATH: '/usr/share/gocode',
  GOCACHE: join(tmpdir(), 'postern-bench-go-cache'),
};

/** Builds a program of `peers` and resolves with its path. Rejects, with a sentence, where that is not possible. */
export async function buildGo(name: string): Promise<string> {
  const go = findCommand('go');
  if (go === undefined) throw new Error('Go is not installed (apt install golang-go golang-golang-x-net-dev)');
  const program = join(FOLDER, name);
  const source = join(PROJECT_ROOT, 'test', 'bench', 'peers', name, 'main.go');
  try {
    await run({ name: 'go build', command: go, args: ['build', '-o', program, source], env: ENVIRONMENT });
  } catch (error) {
    throw new Error(`it could not be built (is golang-golang-x-net-dev installed?): ${(error as Error).message}`);
  }
  return program;
}
