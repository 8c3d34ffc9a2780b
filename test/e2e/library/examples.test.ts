/** Each folder of `examples/` does what its README says, where what it runs on is here. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify, stripVTControlCharacters } from 'node:util';
import { parse } from 'yaml';
import { openTunnel } from '../../../src/index.js';
import { findCommand } from '../../bench/children.js';
import { appFolder } from '../../support/app-folder.js';
import { inWorld } from '../../support/in-world.js';
import { TestMcpClient } from '../../support/mcp-client.js';
import { freePort, POSTERN, Program } from '../../support/processes.js';
import { PROJECT_ROOT } from '../../support/project-root.js';
import { pythonWith } from '../../support/python.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const run = promisify(execFile);
const EXAMPLES = join(PROJECT_ROOT, 'examples');
const PYTHON = pythonWith('flask');
const RUBY = findCommand('ruby');

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

/** A copy of an example with the packages that its manifest names. */
function folderOf(name: string): string {
  const manifest = JSON.parse(readFileSync(join(EXAMPLES, name, 'package.json'), 'utf8')) as Manifest;
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  const packages = Object.fromEntries(names.filter((one) => one !== 'postern').map((one) => [one, one]));
  return appFolder({ from: `examples/${name}`, packages });
}

describe('the examples', () => {
  const { world } = inWorld({ edgeEnv: { POSTERN_CLIENT_REGISTRATION: 'true' } });

  const environment = async () => ({
    POSTERN_EDGE: world.base,
    POSTERN_TOKEN: await world.token({ tunnels: '*' }),
    NO_COLOR: '1',
  });

  /** Starts a program that shares itself, and resolves with the URL that it prints. */
  async function start(folder: string, script: string, env: Record<string, string> = {}) {
    const options = { name: script, script: join(folder, script), cwd: folder };
    const program = new Program({ ...options, env: { ...(await environment()), ...env } });
    const line = await program.line((text) => /shared at|Shared:/.test(text));
    const [url = ''] = /http:\/\/[\w.-]+:\d+(?=\/? *(?:$|for ))/.exec(stripVTControlCharacters(line)) ?? [];
    return { program, url };
  }

  test('are listed, each with a few lines about it', () => {
    const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const page = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
    for (const { name } of folders) {
      assert.ok(page.includes(`(${name})`), name);
      assert.ok(existsSync(join(EXAMPLES, name, 'README.md')), name);
    }
  });

  test('Express: greets through the tunnel, and refuses whoever else reaches its port', async (t) => {
    const port = await freePort();
    const { program, url } = await start(folderOf('express'), 'server.js', { PORT: String(port) });
    t.after(() => program.kill());
    const ana = await world.signedIn('ana', `${url}/`);
    assert.equal((await ana.fetch(`${url}/`)).text, 'Hello ana@acme.com\n');
    const forged = { 'X-Forwarded-Email': 'ana@acme.com', 'X-Postern-Assertion': 'forged' };
    assert.equal((await fetch(`http://127.0.0.1:${port}/`, { headers: forged })).status, 401);
  });

  test('Fastify: greets through the tunnel without a port', async (t) => {
    const { program, url } = await start(folderOf('fastify'), 'server.js');
    t.after(() => program.kill());
    const ana = await world.signedIn('ana', `${url}/`);
    assert.equal((await ana.fetch(`${url}/`)).text, 'Hello ana@acme.com\n');
    await program.line((line) => line.includes('"email":"ana@acme.com"'));
  });

  test('MCP: greets whoever the client of a person calls for', async (t) => {
    const { program, url } = await start(folderOf('mcp'), 'server.js');
    t.after(() => program.kill());
    const client = await new TestMcpClient(url).connectAs(world.visitor(), 'ana');
    t.after(() => client.close());
    const { content } = await client.callTool({ name: 'greet' });
    assert.deepEqual(content, [{ type: 'text', text: 'Hello ana@acme.com' }]);
  });

  test('Vite and React: the page, its modules and the visitor whom it greets', async (t) => {
    const { program, url } = await start(folderOf('vite-react'), 'node_modules/vite/bin/vite.js');
    t.after(() => program.kill());
    const ana = await world.signedIn('ana', `${url}/`);
    assert.match((await ana.navigate(`${url}/`)).text, /<div id="root">/);
    const module = await ana.fetch(`${url}/src/main.jsx`);
    assert.match(String(module.headers['content-type']), /javascript/);
    assert.match(module.text, /jsx/);
    const [, react = ''] = /from "(\/node_modules\/[^"]*react[^"]*)"/.exec(module.text) ?? [];
    assert.equal((await ana.fetch(url + react)).status, 200);
    const visitor = await ana.fetch(`${url}/.postern/userinfo`, { headers: { accept: 'application/json' } });
    assert.equal((visitor.json() as { email: string }).email, 'ana@acme.com');
  });

  test('Flask: greets by the headers', { skip: PYTHON === undefined ? 'there is no Flask here' : false }, async (t) => {
    const port = await freePort();
    const args = ['-m', 'flask', '--app', 'app', 'run', '--port', String(port)];
    const options = { name: 'flask', command: PYTHON ?? '', script: args[0] ?? '', args: args.slice(1) };
    const flask = new Program({ ...options, cwd: appFolder({ from: 'examples/flask' }) });
    t.after(() => flask.kill());
    await flask.complaint(`:${port}`);
    const tunnel = await openTunnel({ ...(await edge()), target: port, name: 'flask', allow: ['@acme.com'] });
    t.after(() => tunnel.close());
    const ana = await world.signedIn('ana', `${tunnel.url}/`);
    assert.equal((await ana.fetch(`${tunnel.url}/`)).text, 'Hello ana@acme.com\n');
  });

  const edge = async () => ({ edge: world.base, token: await world.token({ tunnels: '*' }) });

  test('Rails: is Ruby', { skip: RUBY === undefined ? 'there is no Ruby here' : false }, async () => {
    await run(RUBY ?? '', ['-c', join(EXAMPLES, 'rails', 'config.ru')]);
  });

  test('Next: runs', { skip: 'Next is too large a dependency for one page; lint reads its syntax' }, () => {});

  test('GitHub Actions: the command of the workflow opens the tunnel of its pull request', async (t) => {
    const path = join(EXAMPLES, 'github-actions', '.github', 'workflows', 'preview.yml');
    const workflow = parse(readFileSync(path, 'utf8')) as {
      readonly on: string;
      readonly jobs: { readonly preview: { readonly if: string; readonly steps: readonly Step[] } };
    };
    assert.equal(workflow.on, 'pull_request');
    const step = workflow.jobs.preview.steps.find(({ name }) => name === 'Share it') ?? assert.fail('no step');
    assert.deepEqual(Object.keys(step.env), ['NUMBER', 'POSTERN_EDGE', 'POSTERN_TOKEN']);
    const bin = temporaryFolder('bin');
    writeFileSync(join(bin, 'postern'), `#!/bin/sh\nexec '${process.execPath}' '${POSTERN}' "$@"\n`);
    chmodSync(join(bin, 'postern'), 0o755);
    const env = { ...(await environment()), NUMBER: '7', PATH: `${bin}:${process.env['PATH']}` };
    const program = new Program({ name: 'the step', command: 'sh', script: '-ec', args: [`exec ${step.run}`], env });
    t.after(() => program.kill());
    const { url } = await program.record(({ event }) => event === 'online');
    assert.equal(url, world.urlOf('pr-7'));
  });
});

interface Step {
  readonly name?: string;
  readonly run: string;
  readonly env: Record<string, string>;
}
