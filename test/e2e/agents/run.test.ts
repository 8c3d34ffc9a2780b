/** `postern run -- CMD`: a development server and a tunnel that begin and end together. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { freePort, POSTERN, Program } from '../../support/processes.js';
import { PROJECT_ROOT } from '../../support/project-root.js';
import type { Visitor } from '../../support/visitor.js';

// Names no port, and has a process of its own that must end with it.
const SERVER = `
const { spawn } = require('node:child_process');
const helper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
let server;
const listen = () => { server = require('node:http').createServer(serve).listen(0, '127.0.0.1'); };
const serve = (request, response) => {
  if (request.url === '/exit') process.exit(7);
  response.end([process.argv[2], process.pid, helper.pid, server.address().port, process.env.POSTERN_TOKEN].join(' '));
  if (request.url === '/move') { server.closeAllConnections(); server.close(listen); }
};
listen();
console.log('\\x1b[32mhello\\x1b[0m');
`;

describe('postern run', () => {
  const { world } = inWorld({ tunnels: 'demo,srv,vite' });
  const folder = mkdtempSync(join(tmpdir(), 'postern-run-'));
  let ana: Visitor;
  let env: Record<string, string>;
  const started: Program[] = [];

  before(async () => {
    writeFileSync(join(folder, 'server.cjs'), SERVER);
    env = { POSTERN_EDGE: world.base, POSTERN_TOKEN: await world.token() };
    ana = world.visitor();
  });
  after(async () => {
    await Promise.all(started.map((program) => program.kill()));
    rmSync(folder, { recursive: true });
  });

  async function run(name: string, flags: readonly string[], ...command: readonly string[]): Promise<Program> {
    const args = ['run', '--name', name, '--allow', '@acme.com', '--json', ...flags, '--', ...command];
    const program = new Program({ name: 'postern run', script: POSTERN, args, env, cwd: folder });
    started.push(program);
    await program.record(({ event }) => event === 'online');
    await ana.signIn(`${world.urlOf(name)}/`, 'ana');
    return program;
  }

  const text = async (name: string, path = '/') => (await ana.fetch(`${world.urlOf(name)}${path}`)).text;
  const argument = '$(touch hacked); "quoted"';
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  const gone = async (...pids: number[]) => {
    while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  test('finds the port of a server that names none, follows it to another one, and ends with its exit code', async () => {
    const program = await run('srv', [], process.execPath, 'server.cjs', argument);
    const before = await text('srv');
    assert.ok(before.startsWith(`${argument} `), 'no shell has read the command');
    const [pid = 0, helper = 0, port = 0] = before
      .slice(argument.length + 1)
      .split(' ')
      .map(Number);
    assert.ok(before.endsWith(`${port} `), 'the server does not get the token');
    assert.match(program.stderr, /hello/);
    const mark = program.mark();
    await text('srv', '/move');
    await program.record(({ message }) => String(message).startsWith('forwards to'), mark);
    assert.notEqual((await text('srv')).split(' ').at(-2), String(port));
    await ana.fetch(`${world.urlOf('srv')}/exit`);
    assert.equal((await program.exited).code, 7);
    await gone(pid, helper);
  });

  test('leaves no process behind, neither after SIGTERM nor when it is killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const program = await run('srv', [], process.execPath, 'server.cjs', 'x');
      const [, pid = 0, helper = 0] = (await text('srv')).split(' ').map(Number);
      program.signal(signal);
      assert.equal((await program.exited).code, signal === 'SIGTERM' ? 0 : null);
      await gone(pid, helper);
    }
  });

  test('serves the real Vite, which accepts the public host', async () => {
    writeFileSync(join(folder, 'index.html'), '<h1>hello</h1>');
    const port = String(await freePort());
    const vite = [process.execPath, join(PROJECT_ROOT, 'node_modules/vite/bin/vite.js'), folder, '--port', port];
    const program = await run('vite', ['--host-header', 'preserve'], ...(vite as [string, ...string[]]));
    assert.match(await text('vite'), /@vite\/client[\s\S]*<h1>hello<\/h1>/);
    program.signal('SIGTERM');
    assert.equal((await program.exited).code, 0);
  });

  test('says in one sentence that there is no such program', async () => {
    const args = ['run', '--name', 'srv', '--', './none'];
    const program = new Program({ name: 'postern run', script: POSTERN, args, env, cwd: folder });
    assert.equal((await program.exited).code, 1);
    assert.match(program.stderr, /^postern: \.\/none cannot be started \(ENOENT\)\.$/m);
  });
});
