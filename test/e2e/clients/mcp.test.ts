/** MCP clients and servers, with the SDK, on either side of the gate. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { apiOf } from '../../support/api.js';
import { type DocumentHost, startDocumentHost } from '../../support/client-documents.js';
import { ClientFlow } from '../../support/client-flow.js';
import { inWorld } from '../../support/in-world.js';
import { TestMcpClient } from '../../support/mcp-client.js';
import { startMcpServer, type TestMcpServer } from '../../support/mcp-server.js';
import { REDIRECT_URI } from '../../support/oauth-client.js';

const DOCUMENT = 'https://app.tunnel.test/client.json';

describe('an MCP client', () => {
  const edgeEnv: Record<string, string> = { POSTERN_CLIENT_REGISTRATION: 'true' };
  let documents: DocumentHost;
  let server: TestMcpServer;
  before(async () => {
    const started = await startDocumentHost({
      'app.tunnel.test': ['93.184.216.34'],
      'private.tunnel.test': ['10.0.0.1'],
      'mixed.tunnel.test': ['93.184.216.34', '127.0.0.1'],
      'other.example': ['93.184.216.34'],
    });
    documents = started.host;
    documents.served.set('/client.json', {
      body: { client_id: DOCUMENT, client_name: 'Test client', redirect_uris: [REDIRECT_URI] },
    });
    Object.assign(edgeEnv, started.env);
    server = await startMcpServer();
  });
  const { world } = inWorld({ manyAddresses: true, edgeEnv });
  before(() => world.startAgent({ name: 'dev-mcp', targetUrl: server.url, args: ['--oauth-resource'] }));
  after(() => {
    documents.close();
    server.close();
  });

  const url = () => `${world.urlOf('dev-mcp')}/mcp`;
  const whoami = async (client: TestMcpClient['client']) => {
    const { content } = await client.callTool({ name: 'whoami' });
    return (content as { text: string }[])[0]?.text;
  };

  test('Z19 finds its way from the first 401 to a tool that knows the person, by its metadata document', async () => {
    const mcp = new TestMcpClient(url(), DOCUMENT);
    const client = await mcp.connectAs(world.visitor(), 'ana');
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['whoami', 'announce'],
    );
    assert.equal(await whoami(client), 'ana@acme.com');
    assert.deepEqual([mcp.information?.client_id, documents.asked], [DOCUMENT, ['/client.json']]);
    const record = await world.edge.record(({ event }) => event === 'client-sign-in');
    assert.deepEqual([record['email'], record['client']], ['ana@acme.com', 'app.tunnel.test']);
    const allowed = await world.edge.record(({ event, session }) => event === 'allow' && session === record['session']);
    assert.deepEqual([allowed['rule'], allowed['client']], ['@acme.com', 'app.tunnel.test']);
    const { text } = await world.visitor().bare(`${url()}?x`, { headers: bearer(mcp) });
    assert.ok(text.length > 0);
    assert.ok(server.seen.every(({ authorization, cookie }) => authorization === undefined && cookie === undefined));
    assert.ok(server.seen.every((headers) => headers['x-postern-assertion'] !== undefined));
    await client.close();
  });

  test('registers itself where the operator permits it, refreshes its token, and reads the stream of its session', async () => {
    const mcp = new TestMcpClient(url());
    const client = await mcp.connectAs(world.visitor(), 'bob');
    const announced = new Promise((resolve) =>
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => resolve(params.data)),
    );
    await client.callTool({ name: 'announce' });
    assert.equal(await announced, 'announced');
    const former = mcp.held?.refresh_token;
    assert.ok(mcp.held !== undefined && former !== undefined);
    mcp.held = { ...mcp.held, access_token: 'postern_ct_no-longer-valid' };
    assert.equal(await whoami(client), 'bob@acme.com');
    assert.notEqual(mcp.held.refresh_token, former);
    await client.close();
  });

  test('Z21 gets nothing more once it was ended, and asks its person again', async () => {
    const mcp = new TestMcpClient(url());
    const client = await mcp.connectAs(world.visitor(), 'dev');
    const api = await apiOf(world, await world.token({ tunnels: '*' }));
    const { body } = await api('GET', '/clients');
    const [own] = body['clients'] as { id: string; tunnel: string; email: string; host: null; name: string }[];
    assert.deepEqual([own?.tunnel, own?.email, own?.host, own?.name], ['dev-mcp', 'dev@acme.com', null, 'Test client']);
    assert.equal((await api('DELETE', `/clients/${own?.id}`)).status, 204);
    mcp.authorization = undefined;
    await assert.rejects(whoami(client), UnauthorizedError);
    assert.ok(mcp.authorization !== undefined);
    assert.equal((await api('DELETE', `/clients/${own?.id}`)).status, 404);
    await client.close();
  });

  test('Z28 is refused by its document: private, elsewhere, too large, hanging, no JSON, of another client', async () => {
    const redirect_uris = [REDIRECT_URI];
    const document = (path: string) => ({ client_id: `https://app.tunnel.test${path}`, redirect_uris });
    documents.served.set('/target.json', { body: document('/target.json') });
    documents.served.set('/moved.json', { status: 302, headers: { location: '/target.json' }, body: '' });
    documents.served.set('/huge.json', { body: { ...document('/huge.json'), padding: 'x'.repeat(17_000) } });
    documents.served.set('/bomb.json', {
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync('{}').toString('latin1'),
    });
    documents.served.set('/hangs.json', 'hangs');
    documents.served.set('/page.json', { headers: { 'content-type': 'text/html' }, body: document('/page.json') });
    documents.served.set('/text.json', { body: 'no JSON' });
    documents.served.set('/another.json', { body: document('/target.json') });
    const visitor = world.visitor();
    const flow = new ClientFlow(world, world.urlOf('dev-mcp'));
    await visitor.signIn(`${world.base}/`, 'ana');
    const refusal = async (clientId: string) => {
      const page = await visitor.navigate(flow.url({ client_id: clientId }));
      assert.deepEqual([page.status, page.headers.location], [400, undefined], clientId);
      return /metadata document cannot be used: ([^<]*)/.exec(page.text)?.[1] ?? assert.fail(page.text);
    };
    const unreachable = await refusal('https://private.tunnel.test/client.json');
    for (const host of ['mixed.tunnel.test', 'other.example', 'nowhere.invalid'])
      assert.equal(await refusal(`https://${host}/client.json`), unreachable);
    const asked = documents.asked.length;
    for (const [path, reason] of [
      ['/moved.json', /status 302/],
      ['/absent.json', /status 404/],
      ['/huge.json', /larger than 16 KiB/],
      ['/bomb.json', /not a JSON object/],
      ['/page.json', /Content-Type/],
      ['/text.json', /not a JSON object/],
      ['/another.json', /of another client_id/],
    ] as const)
      assert.match(await refusal(`https://app.tunnel.test${path}`), reason);
    assert.equal(documents.asked.length - asked, 7);
    assert.equal(await refusal('https://app.tunnel.test/hangs.json'), unreachable);
    const target = flow.url({ client_id: 'https://app.tunnel.test/target.json' });
    assert.equal((await world.visitor().navigate(target)).status, 302);
    assert.equal((await world.visitor().signIn(target, 'eve')).status, 403);
    assert.ok(!documents.asked.includes('/target.json'));
  });

  test('Z28 is looked up for its person, however often a page of another site has led the browser here', async () => {
    const visitor = world.visitor();
    const flow = new ClientFlow(world, world.urlOf('dev-mcp'));
    await visitor.signIn(`${world.base}/`, 'bob');
    const lead = (at: number) =>
      visitor.navigate(flow.url({ client_id: `https://app.tunnel.test/${at}.json` }), {
        initiator: 'https://evil.test',
      });
    for (let at = 0; at < 20; at++) assert.equal((await lead(at)).status, 400);
    const page = await lead(20);
    assert.equal(page.status, 429);
    const [, href = ''] = /<a [^>]*href="([^"]+)"[^>]*>Go on/.exec(page.text) ?? [];
    const onward = new URL(href.replaceAll('&amp;', '&'), world.base);
    assert.equal((await visitor.navigate(onward.href, { initiator: world.base })).status, 400);
    const consent = await visitor.navigate(flow.url({ client_id: DOCUMENT }));
    assert.deepEqual([consent.status, /value="allow"/.test(consent.text)], [200, true]);
  });

  test('Z30 gets nothing for a person whom the rules do not let in', async () => {
    const mcp = new TestMcpClient(url(), DOCUMENT);
    await assert.rejects(mcp.connect(), UnauthorizedError);
    const page = await world.visitor().signIn(mcp.authorization?.href ?? '', 'eve');
    assert.equal(page.status, 403);
    assert.match(page.text, /Not open to you/);
    assert.ok(!page.text.includes('value="allow"'));
  });
});

function bearer({ held }: TestMcpClient) {
  return { authorization: `Bearer ${held?.access_token}` };
}
