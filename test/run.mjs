/**
 * Runs compiled tests with one `node --test`: `node test/run.mjs [folder or file of test/ ...]`, all of them when none
 * is named, without those that are named with a `!` before. The Node that runs this script runs the tests. (Node 20 takes no
 * patterns, hence the list.)
 *
 * The unit tests of a room share a process, and so do the contract tests: to start one and to load what it tests takes
 * longer than most of these files. Those with the same Chromium share a process, and with it the browser. A file whose hooks or flags would reach the others keeps a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, '.build', 'test');

// For one process, so that one that hangs is named and the others still run; each takes seconds, those that share a browser some minutes.
const MAX_MS_OF_A_PROCESS = 600_000;

// Processes at once: more than processors, since many tests wait for a clock of the edge, an agent or a browser meanwhile.
const PROCESSES_AT_ONCE = availableParallelism() + 3;

// Hooks outside of every `describe`, which Node runs for each test of the process, and flags that the whole process keeps.
const RUNS_ALONE = /^(?:before|after|beforeEach|afterEach)\(|^\s*setFlagsFromString\(/m;

// What files of one process share, by how they ask for it (test/support/in-world.ts, browser.ts).
const SHARED = {
  'a browser that accepts any certificate': /\binBrowser\(\{ anyCertificate|\bBrowserWorld\.start\(/,
  'a browser': /\binBrowser\(/,
  'a world where people sign agents in': /\bshared: true, manyAddresses: true, edgeEnv: \{ POSTERN_AGENTS/,
  'a world': /\bshared: true/,
};

const named = process.argv.slice(2).map((name) => name.replace(/^(!?)test\//, '$1').replace(/\.ts$/, '.js'));
const wanted = named.filter((name) => !name.startsWith('!'));
const unwanted = named.filter((name) => name.startsWith('!')).map((name) => name.slice(1));
const files = existsSync(compiled) ? testsBelow(compiled).filter(isWanted) : [];
if (files.length === 0) {
  console.error(
    `There is no compiled test${wanted.length ? ` in ${wanted.join(', ')}` : ''}: run "npm run build:test" first.`,
  );
  process.exit(1);
}
// Node runs the files in the order of their paths: these come before those of the tests.
const rooms = mkdtempSync(join(root, '.build', 'rooms-'));
const limits = [`--test-timeout=${MAX_MS_OF_A_PROCESS}`, `--test-concurrency=${PROCESSES_AT_ONCE}`];
const args = ['--test', '--test-reporter=spec', ...limits, ...entries(files)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
rmSync(rooms, { recursive: true, force: true });
process.exit(status ?? 1);

// What the processes of this run load: a test file, or for a room a file written here that imports its tests.
function entries(tests) {
  const byRoom = new Map();
  for (const path of tests) {
    const room = roomOf(path);
    byRoom.set(room, [...(byRoom.get(room) ?? []), path]);
  }
  const longestFirst = [...byRoom].sort(
    ([a, { length: few }], [b, { length: many }]) => Number(b in SHARED) - Number(a in SHARED) || many - few,
  );
  return longestFirst.map(([room, members], at) => (members.length > 1 ? entryOf(room, members, at) : members[0]));
}

function entryOf(room, members, at) {
  const entry = join(rooms, `${String(at).padStart(4, '0')}-${room.replaceAll(/[/ ]/g, '-')}.test.mjs`);
  writeFileSync(entry, members.map((path) => `await import('${pathToFileURL(path)}');\n`).join(''));
  return entry;
}

// `unit/http2`, `contract`, what is shared; the path itself of what runs alone.
function roomOf(path) {
  const source = readFileSync(path, 'utf8');
  if (RUNS_ALONE.test(source)) return path;
  const [room] = /^(?:unit\/[^/]+|contract)(?=\/)/.exec(relative(compiled, path)) ?? [];
  return room ?? Object.keys(SHARED).find((what) => SHARED[what].test(source)) ?? path;
}

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
  const isIn = (part) => [part, `${part}.test.js`].includes(name) || name.startsWith(`${part.replace(/\/$/, '')}/`);
  return (wanted.length === 0 || wanted.some(isIn)) && !unwanted.some(isIn);
}
