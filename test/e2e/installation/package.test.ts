/** The package that `npm pack` makes: it installs by itself, without a registry, a compiler or a clone, and runs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../support/project-root.js';

const run = promisify(execFile);
const MANIFEST = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
  version: string;
  devDependencies: Record<string, string>;
  exports: Record<string, { readonly types: string }>;
};

const LOCK = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { readonly dev?: true }>;
};

/** What `deploy/Dockerfile` copies into the stage that makes the package. */
function filesOfImage(): string[] {
  const text = readFileSync(join(PROJECT_ROOT, 'deploy', 'Dockerfile.dockerignore'), 'utf8');
  return [...text.matchAll(/^!(.+)$/gm)].map(([, name = '']) => name);
}

/**
 * What the product needs is copied: behind a link, npm leaves out what only dependencies need. What only its makers need is
 * large, and linked.
 */
function layOutModules(target: string): void {
  const modules = join(PROJECT_ROOT, 'node_modules');
  mkdirSync(target);
  symlinkSync(join(modules, '.bin'), join(target, '.bin'));
  for (const [path, { dev }] of Object.entries(LOCK.packages)) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
    if (name === undefined || !existsSync(join(modules, name))) continue;
    mkdirSync(dirname(join(target, name)), { recursive: true });
    if (dev) symlinkSync(join(modules, name), join(target, name));
    else cpSync(join(modules, name), join(target, name), { recursive: true });
  }
}

describe('the package', () => {
  let folder: string;
  let installed: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-package-'));
    const source = join(folder, 'source');
    // Packed from a copy of what the build of an image has, so that the compiled files of the clone are left alone.
    for (const name of filesOfImage()) cpSync(join(PROJECT_ROOT, name), join(source, name), { recursive: true });
    layOutModules(join(source, 'node_modules'));
    await npm(['pack', '--pack-destination', folder], source);
    // No registry answers there: what the package needs must be in it.
    const nowhere = ['--offline', '--registry', 'http://127.0.0.1:9/', '--cache', join(folder, 'cache')];
    const tarball = join(folder, `postern-${MANIFEST.version}.tgz`);
    await npm(['install', '--global', '--prefix', folder, ...nowhere, tarball], folder);
    installed = join(folder, 'lib', 'node_modules', 'postern');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function npm(args: readonly string[], cwd: string) {
    const env = { PATH: process.env['PATH'], HOME: folder };
    return run('npm', [...args, '--no-audit', '--no-fund', '--no-update-notifier'], { cwd, env });
  }

  test('the package installs a command that runs', async () => {
    const { stdout, stderr } = await run(join(folder, 'bin', 'postern'), ['--version']);
    assert.deepEqual([stdout, stderr], [`${MANIFEST.version}\n`, '']);
  });

  test('the package is a library for another program', async () => {
    const program = `import { startAgent, startEdge } from 'postern'; console.log(typeof startAgent, typeof startEdge);`;
    const path = join(folder, 'lib', 'program.mjs');
    writeFileSync(path, program);
    assert.equal((await run(process.execPath, [path])).stdout, 'function function\n');
  });

  test('each subpath of the package can be imported, and has its types', async () => {
    const subpaths = Object.entries(MANIFEST.exports);
    assert.ok(subpaths.length >= 3, `${subpaths.length} subpaths`);
    const names = subpaths.map(([subpath]) => subpath.replace('.', 'postern'));
    const path = join(folder, 'lib', 'subpaths.mjs');
    writeFileSync(path, names.map((name) => `console.log(Object.keys(await import('${name}')).length);\n`).join(''));
    const counts = (await run(process.execPath, [path])).stdout.trim().split('\n').map(Number);
    assert.equal(counts.length, names.length);
    assert.ok(
      counts.every((count) => count > 0),
      `${counts}`,
    );
    for (const [subpath, { types }] of subpaths) assert.ok(existsSync(join(installed, types)), subpath);
  });

  test('the package has the types that the examples use', async () => {
    const [compiler, examples] = [join('node_modules', 'typescript', 'bin', 'tsc'), join(PROJECT_ROOT, 'examples')];
    const dist = join(installed, 'dist');
    const paths = { postern: [join(dist, 'index.d.ts')], 'postern/*': [join(dist, 'integrations', '*.d.ts')] };
    const compilerOptions = { paths, rootDir: '/', typeRoots: [join(PROJECT_ROOT, 'node_modules', '@types')] };
    const include = [join(examples, '*', '*.js')];
    const config = join(folder, 'tsconfig.json');
    writeFileSync(config, JSON.stringify({ extends: join(examples, 'tsconfig.json'), compilerOptions, include }));
    const failed = (error: { stdout: string }) => error;
    const { stdout } = await run(process.execPath, [join(PROJECT_ROOT, compiler), '-p', config]).catch(failed);
    assert.equal(stdout, '');
  });

  test('the package brings what it needs to run, and nothing that only its makers need', () => {
    const brought = readdirSync(join(installed, 'node_modules'));
    assert.deepEqual(
      Object.keys(MANIFEST.devDependencies).filter((name) => brought.includes(name)),
      [],
    );
    for (const name of ['.env.example', 'config', 'docs', 'README.md', 'LICENSE', 'SECURITY.md'])
      assert.ok(readdirSync(installed).includes(name), name);
    const page = readdirSync(join(installed, 'dist', 'inspector', 'assets'));
    assert.ok(
      ['.js', '.css'].every((ending) => page.some((name) => name.endsWith(ending))),
      page.join(),
    );
    for (const name of ['src', 'test', '.env']) assert.ok(!readdirSync(installed).includes(name), name);
  });
});
