/**
 * Runs compiled tests with one `node --test`: `node test/run.mjs [folder or file of test/ ...]`, all of them when none
 * is named. The Node that runs this script runs the tests. (Node 20 takes no patterns, hence the list.)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, '.build', 'test');

const wanted = process.argv.slice(2).map((name) => name.replace(/^test\//, '').replace(/\.ts$/, '.js'));
const files = existsSync(compiled) ? testsBelow(compiled).filter(isWanted) : [];
if (files.length === 0) {
  console.error(
    `There is no compiled test${wanted.length ? ` in ${wanted.join(', ')}` : ''}: run "npm run build:test" first.`,
  );
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...files], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);

function testsBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testsBelow(path);
    return /\.test\.js$/.test(entry.name) ? [path] : [];
  });
}

function isWanted(path) {
  const name = relative(compiled, path);
  return wanted.length === 0 || wanted.some((part) => name === part || name.startsWith(`${part.replace(/\/$/, '')}/`));
}
