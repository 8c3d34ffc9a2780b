/** `postern` as a person starts it: an environment and a folder of its own, the exit code, and what goes to which stream. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POSTERN } from './processes.js';
import { temporaryFolder } from './temporary-folder.js';

export const SECRET = 'secret k of thirty-two bytes or more';
export const EDGE_ENV = {
  POSTERN_SECRET: SECRET,
  POSTERN_OIDC_ISSUER: 'http://127.0.0.1:9', // an edge asks it at start, and nothing listens there
  POSTERN_OIDC_CLIENT_ID: 'id',
  POSTERN_OIDC_CLIENT_SECRET: 'hush',
};
export const AGENT_ENV = { POSTERN_EDGE: 'http://127.0.0.1:9', POSTERN_TOKEN: 'postern_x' };

const root = temporaryFolder('cli');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new folder with files, as working directory and home. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(root, 'case-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text, { mode: 0o600 });
  }
  return path;
}

export function environment(cwd: string, env: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return { PATH: process.env['PATH'], HOME: cwd, ...env };
}

export function postern(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = folder(),
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, env: environment(cwd, env) };
    const child = execFile(process.execPath, [POSTERN, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** Asserts that the command is rejected before anything starts: exit 2, nothing on stdout, one line for each name. */
export function assertUsage({ code, stdout, stderr }: Ended, names: readonly string[]): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.doesNotMatch(stderr, /^ +at /m, 'no stack');
  for (const name of names)
    assert.ok(
      stderr.split('\n').some((line) => line.includes(name)),
      `${name}:\n${stderr}`,
    );
}
