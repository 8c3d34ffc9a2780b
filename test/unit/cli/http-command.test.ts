/** The process of `postern http`: how its target and options are meant, and how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { LINK_PATH } from '../../../src/link/handshake.js';
import { AGENT_ENV, assertUsage, environment, folder, postern } from '../../support/command-line.js';
import { POSTERN } from '../../support/processes.js';

describe('postern http', () => {
  it('names every problem at once', async () => {
    const args = [
      'http',
      'localhost/x',
      '--edge',
      'http://a.com',
      '--name',
      'A',
      '--allow',
      'a.com',
      '--host-header',
      '/',
    ];
    const env = { POSTERN_TOKEN_FILE: 'absent', POSTERN_NOPE: '1' };
    const names = ['localhost/x', '--edge', '--name', '--allow', '--host-header', 'POSTERN_TOKEN_FILE', 'POSTERN_NOPE'];
    assertUsage(await postern(args, env), names);
  });

  for (const target of ['5173', 'http://localhost:5173', 'localhost:5173']) {
    it(`is meant by ${target} alone`, async () => {
      assertUsage(await postern([target], {}), ['POSTERN_EDGE', 'POSTERN_TOKEN']);
    });
  }

  it('is meant by the name of a tunnel of the file alone, and by no other word', async () => {
    const text = 'edge: nope\ntunnels: { dev-3: { target: 0 } }\n';
    const cwd = folder({ '.config/postern/config.yaml': text, 'other.yaml': text.replace('dev-3', 'web') });
    assertUsage(await postern(['dev-3'], {}, cwd), ['edge in ', 'target in tunnel "dev-3"']);
    for (const args of [
      ['web', '--config', 'other.yaml'],
      ['web', '--config=other.yaml'],
    ])
      assertUsage(await postern(args, {}, cwd), ['target in tunnel "web"']);
    assertUsage(await postern(['dev-4'], {}, cwd), ["'dev-4'"]);
  });

  it('does not read .env of the working directory', async () => {
    const cwd = folder({ '.env': 'POSTERN_EDGE=https://evil.example\nPOSTERN_TOKEN=x\nPOSTERN_NOPE=1\n' });
    assertUsage(await postern(['5173'], {}, cwd), ['POSTERN_EDGE (', 'POSTERN_TOKEN (']);
  });

  it("reads the developer's own file", async () => {
    const cwd = folder({ '.config/postern/config.yaml': 'edge: nope\ntunnels: { demo: { target: 0 } }\n' });
    assertUsage(await postern(['http', 'demo'], {}, cwd), ['edge in ', 'target in tunnel "demo"']);
    const other = folder({ 'xdg/postern/config.yaml': 'edge: nope\n' });
    assertUsage(await postern(['5173'], { XDG_CONFIG_HOME: join(other, 'xdg') }), ['edge in ']);
  });

  it('rejects an HTTPS_PROXY that is not a URL', async () => {
    const env = { ...AGENT_ENV, POSTERN_EDGE: 'https://tunnel.example', HTTPS_PROXY: 'socks5://a' };
    assertUsage(await postern(['5173'], env), ['HTTPS_PROXY']);
  });

  it('warns of a token that others can read', async () => {
    const cwd = folder({ token: 'postern_x\n' });
    const run = () => postern(['http', '0', '--token-file', 'token'], AGENT_ENV, cwd);
    assert.doesNotMatch((await run()).stderr, /warning/);
    chmodSync(join(cwd, 'token'), 0o640);
    assert.match((await run()).stderr, /warning: .*token/);
  });

  it('ends with 4 when the edge refuses permanently, and prints its reason', async (t) => {
    const edge = createServer().listen(0, '127.0.0.1');
    t.after(() => edge.close());
    await once(edge, 'listening');
    const error = { code: 'ERR_NAME_FORBIDDEN', message: 'Not \u001b[31mthis name.', retryable: false };
    edge.on('upgrade', (request, socket) => {
      assert.equal(request.url, LINK_PATH);
      assert.equal(request.headers.authorization, 'Bearer postern_x');
      const body = JSON.stringify({ error });
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    });
    const env = { ...AGENT_ENV, POSTERN_EDGE: `http://127.0.0.1:${(edge.address() as AddressInfo).port}` };
    const text = await postern(['5173', '--name', 'demo'], env);
    assert.equal(text.code, 4);
    assert.match(text.stderr, /Not \\x1b\[31mthis name\..*ERR_NAME_FORBIDDEN.*\n.*--name/);
    const json = await postern(['5173', '--name', 'demo', '--json'], env);
    assert.equal(json.code, 4);
    // Nothing listens at the target either, which the agent reports in a line of its own.
    const lines = json.stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    const refused = lines.filter(({ event }) => event === 'refused');
    assert.deepEqual(refused, [{ event: 'refused', code: error.code, message: error.message }]);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    it(`reports that it is offline and ends with ${code} on ${signal}`, async () => {
      const cwd = folder();
      const args = [POSTERN, 'http', '5173', '--json'];
      const child = spawn(process.execPath, args, { cwd, env: environment(cwd, AGENT_ENV) });
      let reason: unknown;
      for await (const line of createInterface({ input: child.stdout })) {
        const said: Record<string, unknown> = JSON.parse(line);
        if (said['event'] !== 'offline') continue; // nothing listens at the target either
        reason = said['code'];
        break;
      }
      assert.equal(reason, 'ERR_LINK_LOST');
      const exited = once(child, 'exit');
      child.kill(signal);
      assert.deepEqual(await exited, [code, null]);
    });
  }
});
