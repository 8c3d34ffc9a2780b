/**
 * `npm run mutants [-- WORD...]`: puts one fault of the table at a time into a copy of the project, builds it, runs the
 * tests that should notice, and prints which did. With words, only entries whose file, fault or tests hold one of them.
 * By hand, not in CI: some minutes. Exits with 1 when a fault was not caught.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/project-root.js';
import { type Mutant, mutate } from './mutant.js';
import { MUTANTS } from './table.js';

// A fault that makes a test hang is caught by it; each of the named files takes seconds.
const TEST_TIMEOUT_MS = 30_000;
const FILE_TIMEOUT_MS = 180_000;
const LEFT_OUT = /(?:^|\/)(?:node_modules|\.git|\.build|dist)$/;

interface Outcome {
  readonly status: number | 'hangs';
  readonly output: string;
}

const words = process.argv.slice(2);
const chosen = MUTANTS.filter((mutant) => words.length === 0 || words.some((word) => isNamed(mutant, word)));
const copy = mkdtempSync(join(tmpdir(), 'postern-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
process.exitCode = (await runAll()) === 0 ? 0 : 1;

async function runAll(): Promise<number> {
  for (const mutant of MUTANTS) mutate(PROJECT_ROOT, mutant); // a stale entry is told before anything runs
  copyProject();
  await build();
  let missed = 0;
  for (const mutant of chosen) {
    const by = await catcher(mutant);
    if (by === undefined) missed += 1;
    process.stdout.write(`${by === undefined ? 'NOT CAUGHT' : 'caught    '} ${mutant.file}: ${mutant.fault}\n`);
    if (by !== undefined) process.stdout.write(`             by ${by}\n`);
  }
  process.stdout.write(`${chosen.length - missed} of ${chosen.length} faults are caught\n`);
  return missed;
}

function copyProject(): void {
  cpSync(PROJECT_ROOT, copy, { recursive: true, filter: (path) => !LEFT_OUT.test(path) });
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(copy, 'node_modules'));
}

/** The first test that notices; undefined when none does. */
async function catcher(mutant: Mutant): Promise<string | undefined> {
  writeFileSync(join(copy, mutant.file), mutate(PROJECT_ROOT, mutant));
  try {
    await build();
    for (const test of mutant.tests) {
      const { status, output } = await runTest(test);
      if (status !== 0) return `${test}: ${firstFailure(output) ?? `it ${status}`}`;
    }
    return undefined;
  } finally {
    cpSync(join(PROJECT_ROOT, mutant.file), join(copy, mutant.file));
  }
}

// Types are not checked: a fault may leave a name unused, and only running it says whether a test notices.
async function build(): Promise<void> {
  const tsc = join(copy, 'node_modules', '.bin', 'tsc');
  const steps = [
    [tsc, '-p', 'test/tsconfig.json', '--noCheck'],
    [process.execPath, join('test', 'bundle.mjs'), '--no-record'],
  ] as const;
  for (const [command, ...args] of steps) {
    const { status, output } = await run(command, args);
    if (status !== 0) throw new Error(`the copy does not build:\n${output}`);
  }
}

function runTest(test: string): Promise<Outcome> {
  const file = join('.build', 'test', test.replace(/\.ts$/, '.js'));
  return run(process.execPath, ['--test', '--test-reporter=tap', `--test-timeout=${TEST_TIMEOUT_MS}`, file]);
}

function run(command: string, args: readonly string[]): Promise<Outcome> {
  // In a group of its own, so that nothing that a hanging test has started is left.
  const child = spawn(command, args, { cwd: copy, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let hangs = false;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const timer = setTimeout(() => {
    hangs = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, FILE_TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status: hangs ? 'hangs' : (status ?? 1), output });
    });
  });
}

/** The first failure of a TAP report: suites and files are told behind what is in them. */
function firstFailure(output: string): string | undefined {
  const failures = [...output.matchAll(/^\s*not ok \d+ - (.*)$/gm)].map(([, name]) => name as string);
  return failures.find((name) => !name.startsWith('/')) ?? failures[0];
}

function isNamed({ file, fault, tests }: Mutant, word: string): boolean {
  return [file, fault, ...tests].some((text) => text.includes(word));
}
