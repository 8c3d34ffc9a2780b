/**
 * Runs compiled tests with one `node --test`: `node test/run.mjs [folder or file of test/ ...]`, all of them when none
 * is named. The Node that runs this script runs the tests. (Node 20 takes no patterns, hence the list.)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, '.build', 'test');

// For one file, so that one that hangs is named and the others still run; each takes seconds, the longest a minute.
const MAX_MS_OF_A_FILE = 240_000;

// Files at once. Node's own default leaves a processor unused; more than there are, since some tests wait for a clock.
const FILES_AT_ONCE = availableParallelism() + 1;

const wanted = process.argv.slice(2).map((name) => name.replace(/^test\//, '').replace(/\.ts$/, '.js'));
const files = existsSync(compiled) ? testsBelow(compiled).filter(isWanted) : [];
if (files.length === 0) {
  console.error(
    `There is no compiled test${wanted.length ? ` in ${wanted.join(', ')}` : ''}: run "npm run build:test" first.`,
  );
  process.exit(1);
}
const limits = [`--test-timeout=${MAX_MS_OF_A_FILE}`, `--test-concurrency=${FILES_AT_ONCE}`];
const args = ['--test', '--test-reporter=spec', ...limits, ...files];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);

function testsBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testsBelow(path);
    return isTest(path) ? [path] : [];
  });
}

// What was compiled from a file that is gone is no test any more.
function isTest(path) {
  const source = join(root, 'test', relative(compiled, path).replace(/\.js$/, '.ts'));
  return path.endsWith('.test.js') && existsSync(source);
}

function isWanted(path) {
  const name = relative(compiled, path);
  return (
    wanted.length === 0 ||
    wanted.some((part) => [part, `${part}.test.js`].includes(name) || name.startsWith(`${part.replace(/\/$/, '')}/`))
  );
}
