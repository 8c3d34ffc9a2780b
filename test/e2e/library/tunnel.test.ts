/** `openTunnel` in a program: a server without a port behind the gate, who may come in, and how it ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import express from 'express';
import { WebSocketServer } from 'ws';
import { Credentials } from '../../../src/cli/process/credentials.js';
import { openTunnel, type Tunnel, type TunnelEvents, type TunnelOptions } from '../../../src/index.js';
import { inWorld } from '../../support/in-world.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { PEOPLE } from '../../support/world-options.js';

const ACCOUNTS = [
  ...PEOPLE,
  ...['kim', 'zoe'].map((sub) => ({ sub, name: sub, email: `${sub}@partner.test`, email_verified: true })),
];

describe('a tunnel that a program opens', () => {
  const { world } = inWorld({ accounts: ACCOUNTS });
  const app = express().get('/who', (request, response) => response.send(request.get('x-forwarded-email')));
  const server = createServer(app);
  const echo = new WebSocketServer({ server });
  echo.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
  let tunnel: Tunnel;
  let home: string | undefined;

  before(async () => {
    home = process.env['XDG_CONFIG_HOME'];
    process.env['XDG_CONFIG_HOME'] = temporaryFolder('library');
    tunnel = await open({ target: server, name: 'dev-lib', allow: ['@acme.com'] });
  });
  after(async () => {
    await tunnel?.close();
    if (home === undefined) delete process.env['XDG_CONFIG_HOME'];
    else process.env['XDG_CONFIG_HOME'] = home;
  });

  async function open(options: TunnelOptions): Promise<Tunnel> {
    return openTunnel({ edge: world.base, token: await world.token(), ...options });
  }

  async function next<Name extends keyof TunnelEvents>(name: Name): Promise<TunnelEvents[Name]> {
    return (await once(tunnel, name)) as TunnelEvents[Name];
  }

  test('serves a server that listens nowhere, WebSockets too, to those who are allowed', async () => {
    assert.deepEqual([tunnel.url, tunnel.name, tunnel.status], [world.urlOf('dev-lib'), 'dev-lib', 'online']);
    const told = next('request');
    const ana = await world.signedIn('ana', `${tunnel.url}/who`);
    const [{ email, path, status }] = await told;
    assert.deepEqual([email, path, status], ['ana@acme.com', '/who', 200]);
    assert.equal((await ana.fetch(`${tunnel.url}/who`)).text, 'ana@acme.com');
    const socket = await ana.socket(`${tunnel.url}/`);
    socket.send('hello');
    assert.equal(String((await once(socket, 'message'))[0]), 'echo hello');
    socket.close();
    assert.equal(server.listening, false);
    assert.equal((await world.visitor().fetch(`${tunnel.url}/who`)).status, 401);
  });

  test('lets people in and shuts them out', async () => {
    const kim = world.visitor();
    assert.equal((await kim.signIn(`${tunnel.url}/who`, 'kim')).status, 403);
    const { rule, expiresAt } = await tunnel.allow('Kim@partner.test', { for: '8h' });
    assert.equal(rule, 'kim@partner.test');
    assert.ok(expiresAt !== undefined && expiresAt.getTime() > Date.now() + 7 * 3_600_000);
    assert.equal((await kim.fetch(`${tunnel.url}/who`)).text, 'kim@partner.test');
    assert.equal(await tunnel.revoke('kim@partner.test'), true);
    assert.equal((await kim.fetch(`${tunnel.url}/who`)).status, 403);
    assert.equal((await tunnel.allow('@partner.test')).expiresAt, undefined);
    assert.equal(await tunnel.revoke('@partner.test'), true);
    assert.equal(await tunnel.revoke('@partner.test'), false);
    for (const [rule, terms] of [
      ['public', {}],
      ['nonsense', {}],
      ['bob@x.com', { for: 'soon' }],
    ] as const)
      await assert.rejects(tunnel.allow(rule, terms), { name: 'PosternError', code: 'ERR_CONFIG_INVALID' });
  });

  test('tells who asks to be let in, and answers them', async () => {
    const zoe = world.visitor();
    const asked = next('knock');
    assert.equal((await zoe.signIn(`${tunnel.url}/who`, 'zoe')).status, 403);
    const body = new URLSearchParams({ to: 'dev-lib', message: 'it is Zoe' }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await zoe.fetch(`${world.base}/access`, { method: 'POST', headers, body })).status, 303);
    const [knock] = await asked;
    assert.deepEqual([knock.email, knock.message], ['zoe@partner.test', 'it is Zoe']);
    await knock.allow({ for: '1h' });
    assert.equal((await zoe.fetch(`${tunnel.url}/who`)).text, 'zoe@partner.test');
    await assert.rejects(knock.deny(), { name: 'PosternError', code: 'ERR_NOT_FOUND' });
  });

  test('says when the edge is away and when it is back', async () => {
    const gone = next('offline');
    await world.edge.kill();
    const [error] = await gone;
    assert.equal(error.code, 'ERR_LINK_LOST');
    assert.equal(tunnel.status, 'offline');
    const back = next('online');
    await world.startEdge();
    assert.deepEqual(await back, [tunnel.url]);
    assert.equal(tunnel.status, 'online');
  });

  test('needs no options but the target where a person has signed in', async () => {
    const hour = { issuedAtMs: Date.now(), expiresAtMs: Date.now() + 3_600_000 };
    const accessToken = await world.token({ tunnels: '*' });
    const path = join(process.env['XDG_CONFIG_HOME'] ?? '', 'postern', 'credentials.json');
    const credentials = new Credentials(path);
    const credential = { owner: 'dev@acme.com', accessToken, refreshToken: 'none', ...hour };
    await credentials.locked(async () => credentials.write(world.base, credential, true));
    const other = await openTunnel({ target: app });
    // Named as the command does it: after package.json of the folder, and the owner.
    assert.equal(other.url, world.urlOf('postern-dev'));
    const dev = await world.signedIn('dev', `${other.url}/who`);
    assert.equal((await dev.fetch(`${other.url}/who`)).text, 'dev@acme.com');
    await other[Symbol.asyncDispose]();
    assert.equal(other.status, 'closed');
  });

  test('is refused with the code that says why', async () => {
    const nowhere = 'http://localhost:9';
    await assert.rejects(open({ target: app, token: 'postern_v1_x' }), { code: 'ERR_TOKEN_INVALID' });
    await assert.rejects(open({ target: app, name: 'other' }), { code: 'ERR_NAME_FORBIDDEN' });
    await assert.rejects(open({ target: 'ftp://x' }), { code: 'ERR_CONFIG_INVALID' });
    await assert.rejects(open({ target: app, edge: 'tunnel' }), { code: 'ERR_CONFIG_INVALID' });
    await assert.rejects(openTunnel({ target: app, edge: nowhere }), { code: 'ERR_TOKEN_INVALID', message: /login/ });
    await assert.rejects(open({ target: app, edge: nowhere, timeoutMs: 50 }), { code: 'ERR_LINK_LOST' });
    const abort = new AbortController();
    const opening = open({ target: app, edge: nowhere, signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    await assert.rejects(opening, { name: 'AbortError' });
    await assert.rejects(open({ target: app, signal: abort.signal }), { name: 'AbortError' });
  });

  test('ends when it is closed, and the name is offline', async () => {
    const closed = next('closed');
    await tunnel.close();
    assert.deepEqual(await closed, [undefined]);
    assert.equal(tunnel.status, 'closed');
    await tunnel.ended;
    const ana = await world.visitor().signIn(`${tunnel.url}/who`, 'ana');
    assert.equal(ana.headers['postern-error'], 'ERR_TUNNEL_OFFLINE');
  });
});
