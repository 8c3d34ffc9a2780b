/**
 * Part of `npm run build:test`: puts the compiled `postern` command and all that it imports into a few files below
 * `.build/bundled`, and likewise the test provider and the test target, each with its compiled code beside it (launch.cjs).
 * To find, load and compile hundreds of modules is most of the work of a start, and the end-to-end tests start each of
 * these by the hundred. The tests of the package and of the command line run what is shipped. What has not changed since is not bundled again.
 */
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const compiled = fileURLToPath(new URL('../.build', import.meta.url));
const bundled = join(compiled, 'bundled');

const PROGRAMS = {
  postern: 'src/cli/postern.js',
  'provider-process': 'test/support/provider-process.js',
  'target-process': 'test/support/target-process.js',
};

// As old as what was bundled: written last, so that it is missing where the bundling was interrupted.
const stamp = join(bundled, 'stamp');
const startedAt = new Date();
if (isUpToDate()) process.exit(0);

rmSync(bundled, { recursive: true, force: true });
for (const [name, script] of Object.entries(PROGRAMS)) {
  await bundle(name, script, true);
  writeFileSync(join(bundled, name, 'start.cjs'), `require('../launch.cjs');\nrequire('./main.cjs');\n`);
}
await bundle('make-token', 'test/support/make-token.js', false);
// One key for every provider process of this build: to find the primes takes as long as the rest of its start.
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
writeFileSync(
  join(bundled, 'provider-process/provider-key.json'),
  JSON.stringify(privateKey.export({ format: 'jwk' })),
);
copyFileSync(new URL('launch.cjs', import.meta.url), join(bundled, 'launch.cjs'));
if (!process.argv.includes('--no-record')) await recordCode();
writeFileSync(stamp, '');
utimesSync(stamp, startedAt, startedAt);

function isUpToDate() {
  const bundledAt = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs;
  const scripts = ['src', 'test/support'].flatMap((folder) => filesBelow(join(compiled, folder)));
  const others = ['bundle.mjs', 'launch.cjs', '../package-lock.json'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return bundledAt !== undefined && [...scripts, ...others].every((path) => statSync(path).mtimeMs < bundledAt);
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

// As CommonJS, since V8 gives and takes the compiled code of scripts only.
async function bundle(name, path, isProgram) {
  const script = join(compiled, path);
  await build({
    configFile: false,
    logLevel: 'error',
    plugins: [{ name: 'commonjs', transform: (code, id) => asCommonJs(code, isProgram && id === script) }],
    ssr: { noExternal: true, external: ['bufferutil'] }, // bufferutil is native and optional
    build: {
      ssr: script,
      outDir: join(bundled, name),
      minify: false,
      target: 'node20',
      rollupOptions: { output: { format: 'cjs', entryFileNames: 'main.cjs', chunkFileNames: '[name]-[hash].cjs' } },
    },
  });
}

// What a module requires is bundled as well; a script, unlike a module, must not `await` outside of a function.
function asCommonJs(code, isProgram) {
  const bundledToo = code
    .replace(/^#!.*/, '')
    .replaceAll('createRequire(import.meta.url)(', 'require(')
    .replace(/^(const .* = )await import\(/m, '$1require(');
  if (!isProgram) return bundledToo;
  const [head] = /^(?:\s|\/\*\*.*?\*\/\n|import [^\n]*\n)*/s.exec(bundledToo);
  return `${head}void (async () => {\n${bundledToo.slice(head.length)}\n})();`;
}

// What V8 compiles lazily it has compiled after a first sign-in. The agent's chunks come first: what both load is the edge's.
// A program that does not work is for the tests to say: they run without what is missing here.
async function recordCode() {
  const recording = join(bundled, 'recording');
  writeFileSync(recording, '');
  const { World } = await import('../.build/test/support/world.js');
  const world = new World();
  try {
    await world.start();
    await world.signedIn('ana');
    for (const program of [world.agent, world.edge, world.provider, world.target.program]) {
      program.signal('SIGUSR2');
      await program.exited;
    }
  } catch (error) {
    console.error(`No compiled code was recorded, so the tests take longer: ${error.message}`);
  }
  await world.close();
  rmSync(recording);
}
