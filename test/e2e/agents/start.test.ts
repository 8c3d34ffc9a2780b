/** `postern start`: several tunnels in one process, from a file that is edited while they run. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Exchange } from '../../../src/agent/inspector/wire.js';
import { inWorld } from '../../support/in-world.js';
import { type Line, POSTERN, Program } from '../../support/processes.js';
import { HAS_PTY, startInTerminal } from '../../support/terminal.js';
import type { Visitor } from '../../support/visitor.js';

describe('postern start', () => {
  const { world } = inWorld({ tunnels: 'web,docs,late,demo' });
  const folder = mkdtempSync(join(tmpdir(), 'postern-start-'));
  const servers = new Map<string, Server>();
  const ports = new Map<string, number>();
  let ana: Visitor;
  let started: Program;
  let env: Record<string, string>;

  before(async () => {
    for (const name of ['web', 'docs', 'api', 'other']) {
      const server = createServer((request, response) => response.end(`${name} ${request.url}`));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers.set(name, server);
      ports.set(name, (server.address() as AddressInfo).port);
    }
    env = {
      ...{ POSTERN_EDGE: world.base, POSTERN_TOKEN: await world.token(), NO_COLOR: '1' },
      ...{ POSTERN_INSPECT: '127.0.0.1:0', XDG_RUNTIME_DIR: folder },
    };
    ana = world.visitor();
  });
  after(() => {
    for (const server of servers.values()) server.close();
    rmSync(folder, { recursive: true });
  });

  const port = (name: string) => String(ports.get(name));
  const save = (text: string) => {
    writeFileSync(join(folder, 'new'), text);
    renameSync(join(folder, 'new'), join(folder, 'postern.yaml'));
  };
  const web = (target: string, more = '') =>
    `  web: { target: ${port(target)}, allow: ["@acme.com"], mounts: { /api: ${port('api')} }${more} }\n`;
  const body = async (name: string, path: string) => {
    const response = await ana.fetch(`${world.urlOf(name)}${path}`);
    return response.status === 200 ? response.text : String(response.status);
  };
  const isOf = (tunnel: string, event: string) => (line: Line) => line['tunnel'] === tunnel && line['event'] === event;

  /** The inspector, by the one file that the process has left. */
  const inspector = () => {
    const files = readdirSync(join(folder, 'postern'));
    assert.equal(files.length, 1);
    const file = readFileSync(join(folder, 'postern', files[0] ?? ''), 'utf8');
    const { origin, key } = JSON.parse(file) as { origin: string; key: string };
    const ask = (path: string) => fetch(origin + path, { headers: { authorization: `Bearer ${key}` } });
    return { origin, ask };
  };
  const tunnels = async () => {
    const listed = (await (await inspector().ask('/api/tunnels')).json()) as { tunnels: { name: string }[] };
    return listed.tunnels.map(({ name }) => name).sort();
  };
  const command = async (...args: string[]) => {
    const program = new Program({ name: `postern ${args[0]}`, script: POSTERN, args, env, cwd: folder });
    const { code } = await program.exited;
    return { code, lines: program.stdout.split('\n'), stderr: program.stderr };
  };

  test('starts all of the folder’s file; one that is refused for good takes no other down', async () => {
    const docs = `  docs: { target: ${port('docs')}, allow: ["@acme.com"] }\n`;
    save(`tunnels:\n${web('web')}${docs}  foreign: { target: 1 }\ngroups: { day: [web, docs] }\n`);
    started = new Program({ name: 'postern start', script: POSTERN, args: ['start', '--json'], env, cwd: folder });
    await started.record(isOf('web', 'online'));
    await started.record(isOf('docs', 'online'));
    const refused = await started.record(isOf('foreign', 'refused'));
    assert.equal(refused['code'], 'ERR_NAME_FORBIDDEN');
    for (const name of ['web', 'docs']) await ana.signIn(`${world.urlOf(name)}/`, 'ana');
    assert.deepEqual(
      [await body('web', '/x'), await body('web', '/api/y'), await body('docs', '/')],
      ['web /x', 'api /api/y', 'docs /'],
    );
    const request = await started.record(isOf('docs', 'request'));
    assert.equal(request['status'], 200);
  });

  test('K13 has one inspector for all tunnels, which repeats a request at the tunnel’s own server', async () => {
    const { origin, ask } = inspector();
    assert.equal((await started.record(({ event }) => event === 'inspect'))['url'], origin);
    assert.equal(started.records().filter(({ event }) => event === 'inspect').length, 1);
    assert.deepEqual(await tunnels(), ['docs', 'web']);
    const { lines } = await command('logs', '--json');
    const rows = lines.map((line) => JSON.parse(line) as Exchange);
    assert.deepEqual(
      rows.filter(({ path }) => path !== '/.postern/session').map(({ tunnel, path }) => `${tunnel} ${path}`),
      ['web /', 'docs /', 'web /x', 'web /api/y', 'docs /'],
    );
    const replayed = await command('replay', '--latest', '--name', 'web', '--json');
    const again = JSON.parse(replayed.lines[0] ?? '{}') as Exchange;
    assert.deepEqual([again.tunnel, again.path, again.status], ['web', '/api/y', 200], replayed.stderr);
    assert.equal(await (await ask(`/api/exchanges/${again.id}/response/body`)).text(), 'api /api/y');
    const named = await command('logs', '--name', 'docs');
    assert.equal(named.lines.length, 2);
    assert.equal((await command('logs', '--name', 'none')).code, 1);
  });

  test('follows the file: another target over the same link, tunnels that come and go, and a mistake told once', async () => {
    const mark = started.mark();
    save(`tunnels:\n${web('other')}  late: { target: ${port('docs')}, allow: ["@acme.com"] }\n`);
    await started.record(
      (line) => isOf('web', 'hint')(line) && String(line['message']).startsWith('forwards to'),
      mark,
    );
    assert.equal(await body('web', '/x'), 'other /x', started.report());
    await started.record(isOf('late', 'online'), mark);
    await started.record(isOf('docs', 'over'), mark);
    await ana.signIn(`${world.urlOf('late')}/`, 'ana');
    assert.equal(await body('late', '/'), 'docs /');
    assert.deepEqual(await tunnels(), ['late', 'web'], 'the inspector shows those that run');
    save(`tunnels:\n${web('web', ', alow: x')}`);
    const mistake = (line: Line) => String(line['message']).includes('did you mean "allow"?');
    await started.record(mistake, mark);
    save(`tunnels:\n${web('web', ', alow: x')}\n`);
    save(`tunnels:\n${web('other', ', viewers: 5')}  late: { target: ${port('docs')}, allow: ["@acme.com"] }\n`);
    await started.record((line) => String(line['message']).startsWith('viewers:'), mark);
    assert.equal(started.records(mark).filter(mistake).length, 1);
    assert.equal(await body('web', '/x'), 'other /x');
    const links = started.records(mark).filter(isOf('web', 'online'));
    assert.ok(links.length <= 1, 'a new link for what the edge must know, and none for a target');
  });

  test('ends with 4 where a tunnel was refused for good', async () => {
    started.signal('SIGTERM');
    assert.equal((await started.exited).code, 4);
    save(`tunnels: { foreign: { target: 1 }, stranger: { target: 1 } }\n`);
    const none = new Program({ name: 'postern start', script: POSTERN, args: ['start'], env, cwd: folder });
    assert.equal((await none.exited).code, 4);
    assert.match(none.stdout, /^foreign {3}refused .*\nforeign .*--name/m);
  });

  test('shows all tunnels in one terminal, each line with the name of its own', { skip: !HAS_PTY }, async (t) => {
    save(`tunnels:\n${web('web')}  docs: { target: ${port('docs')}, allow: ["@acme.com"] }\n`);
    const command = [process.execPath, POSTERN, 'start', 'docs', 'web', '--config', join(folder, 'postern.yaml')];
    const shown = startInTerminal({ name: 'postern start', command, env, columns: 70 });
    t.after(() => shown.kill());
    for (const name of ['web', 'docs'])
      await shown.line((line) => line.includes(`${name.padEnd(4)}    ${world.urlOf(name)}`));
    await ana.fetch(`${world.urlOf('docs')}/${'long/'.repeat(30)}`);
    const line = await shown.line((text) => /docs {2}[\d:]{8} 200 /.test(text));
    assert.ok(
      line
        .replace(/^\r?\x1b\[\S*[A-Z]/, '')
        .replace(/\x1b\[\dJ/, '')
        .trimEnd().length <= 70,
      line,
    );
    assert.equal(shown.stdout.split(`${world.urlOf('web')}`).length, 2, 'each URL is shown once');
    shown.signal('SIGTERM');
    assert.equal((await shown.exited).code, 0);
  });
});
