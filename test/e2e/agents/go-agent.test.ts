/** An agent in another language: an HTTP/2 library over a WebSocket library, both as they are. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { buildGoAgent } from '../../support/go-agent.js';
import { inWorld } from '../../support/in-world.js';
import { Program } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';
import type { Visitor } from '../../support/visitor.js';

const built = buildGoAgent();

describe('an agent on x/net/http2 over x/net/websocket', { skip: built.skip }, () => {
  const { world } = inWorld();
  let agent: Program;
  let ana: Visitor;
  let url: string;

  before(async () => {
    url = world.urlOf('dev-go');
    agent = goAgent(await world.token());
    await agent.line((line) => line === 'online');
    ana = await world.signedIn('ana', `${url}/`);
  });
  after(async () => {
    await agent?.kill();
    built.remove();
  });

  test('the agent is admitted although its library sends an Origin', async () => {
    await world.edge.record((line) => line['event'] === 'tunnel-up' && line['tunnel'] === 'dev-go');
  });

  test('the agent sees the host and the port that the visitor asked for', async () => {
    const since = agent.mark();
    await ana.fetch(`${url}/echo`);
    await agent.line((line) => line === `host ${new URL(url).host}`, since);
  });

  test('the agent serves a request with the identity of its visitor', async () => {
    const echo = (await ana.fetch(`${url}/echo`)).json() as Echo;
    assert.ok(echo.rawHeaders.includes('ana@acme.com'));
  });

  test('the agent receives an upload and sends a download, both whole', async () => {
    const body = Buffer.alloc(3_000_000, 'postern ');
    const echo = (await ana.fetch(`${url}/upload`, { method: 'POST', body })).json() as Echo;
    assert.equal(echo.bodyBytes, body.length);
    assert.equal((await ana.fetch(`${url}/bytes?n=3000000`)).bytes.length, 3_000_000);
  });

  test('the agent is refused without a live token, as any other agent is', async () => {
    const stranger = goAgent('postern_made-up');
    assert.equal((await stranger.exited).code, 1);
    assert.match(stranger.stderr, /bad status/);
  });

  function goAgent(token: string): Program {
    const args = ['dev-go', '@acme.com', world.target.url];
    const env = { POSTERN_TOKEN: token };
    return new Program({ name: 'go-agent', command: built.path ?? '', script: world.base, args, env });
  }
});
