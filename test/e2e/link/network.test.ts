/**
 * Faults of the network between agent and edge: cut, reset, slow, bent. Both ends notice, the agent comes back by itself,
 * and no visitor ever sees a byte that the target did not send.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { LINK_PATH } from '../../../src/link/handshake.js';
import * as faults from '../../support/fault-checks.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { inWorld } from '../../support/in-world.js';
import { startEvents } from '../../support/moments.js';
import type { Program } from '../../support/processes.js';
import { type Echo, patternBytes } from '../../support/target-paths.js';
import type { Visitor } from '../../support/visitor.js';
import { startWorld } from '../../support/world.js';

describe('a link over a bad network', () => {
  const { world } = inWorld({ tunnels: 'demo,far' });
  let network: FaultProxy;
  let agent: Program;
  let ana: Visitor;
  let url: string;

  before(async () => {
    network = await FaultProxy.start(world.port);
    agent = await world.startAgent({ name: 'far', args: ['--edge', `http://localhost:${network.port}`] });
    url = world.urlOf('far');
    ana = await world.signedIn('ana', `${url}/`);
  });
  after(async () => {
    await network?.close();
  });

  /** How often the agent has dialled: it also asks who visits, on connections of their own, whenever it likes. */
  const dials = () => network.firstLines.filter((line) => line.includes(LINK_PATH)).length;

  test('N4 that goes dark is noticed on both sides in time, and is back when the light is', async () => {
    const waiting = ana.fetch(`${url}/held`);
    await world.target.event('request', '/held');
    const mark = agent.mark();
    network.faults.isDark = true;
    const down = world.edge.record(({ event, tunnel }) => event === 'tunnel-down' && tunnel === 'far');
    await Promise.all([down, agent.record(({ event }) => event === 'offline', mark)]); // how soon: unit/link/liveness.test.ts
    faults.assertError(await waiting, 502, 'ERR_LINK_LOST');
    faults.assertError(await ana.navigate(`${url}/`), 503, 'ERR_TUNNEL_OFFLINE');
    network.faults.isDark = false;
    network.reset(); // what was dialled into the dark is lost
    await agent.record(({ event }) => event === 'online', mark);
    assert.equal((await ana.fetch(`${url}/`)).status, 200);
  });

  test('N5 that is reset is back at the first attempt', async () => {
    const waiting = ana.fetch(`${url}/held?reset`);
    await world.target.event('request', '/held?reset');
    const mark = agent.mark();
    const dialled = dials();
    network.reset();
    faults.assertError(await waiting, 502, 'ERR_LINK_LOST');
    await agent.record(({ event }) => event === 'online', mark);
    assert.equal(dials(), dialled + 1);
    const [offline, ...more] = agent.records(mark).filter(({ event }) => event === 'offline');
    assert.deepEqual([offline?.['code'], more], ['ERR_LINK_LOST', []]);
    assert.ok(Number(offline?.['retryInMs']) < 1_000, `the first wait is ${offline?.['retryInMs']} ms`);
    assert.equal((await ana.fetch(`${url}/`)).status, 200);
  });

  test('N6 that is slow and cuts everything to pieces carries the same bytes, and nothing times out', async () => {
    Object.assign(network.faults, { delayMs: 150, maxPieceBytes: 1_000 });
    const mark = agent.mark();
    const body = randomBytes(300_000);
    const [page, upload, download] = await Promise.all([
      ana.fetch(`${url}/slow-network`),
      ana.fetch(`${url}/upload`, { method: 'POST', body }),
      ana.fetch(`${url}/bytes?n=1000000`),
    ]);
    assert.equal((page.json() as Echo).url, '/slow-network');
    assert.equal((upload.json() as Echo).bodySha256, createHash('sha256').update(body).digest('hex'));
    assert.ok(download.bytes.equals(Buffer.concat([...patternBytes(1_000_000)])));
    const events = await startEvents(ana, `${url}/sse?n=3&key=slow`);
    for (let event = 1; event < 3; event++) await world.target.release('slow');
    assert.equal(await events.ended, undefined);
    const socket = await ana.socket(`${url.replace('http', 'ws')}/ws`);
    socket.send(body);
    const [echoed] = (await once(socket, 'message')) as [Buffer];
    assert.ok(echoed.equals(body));
    socket.close();
    assert.deepEqual(
      agent.records(mark).filter(({ event }) => event === 'offline'),
      [],
    );
    Object.assign(network.faults, { delayMs: 0, maxPieceBytes: 65_536 });
  });
});

test('a WebSocket that comes in the first round trip of a link, as after a restart, is connected', async (t) => {
  const world = await startWorld({ tunnels: 'demo,far' });
  const network = await FaultProxy.start(world.port);
  t.after(async () => {
    await world.close();
    await network.close();
  });
  const args = ['--edge', `http://localhost:${network.port}`];
  const first = await world.startAgent({ name: 'far', args });
  const url = world.urlOf('far');
  const ana = await world.signedIn('ana', `${url}/`);
  await first.terminate();
  // What the agent takes, and with it that it takes WebSockets, is known two of these delays after its link is there.
  network.faults.delayMs = 2_000;
  const mark = world.edge.mark();
  await world.offer({ name: 'far', args });
  await world.edge.record(({ event, tunnel }) => event === 'tunnel-up' && tunnel === 'far', mark);
  const socket = await ana.socket(`${url.replace('http', 'ws')}/ws`);
  socket.send('early');
  const [echoed] = (await once(socket, 'message')) as [Buffer];
  assert.equal(String(echoed), 'early');
});

test('N7 bent bytes on a link end it, and never reach a visitor: TLS sees them', async (t) => {
  const world = await startWorld({ domain: 'tunnel.test', tunnels: 'demo,far' });
  const network = await FaultProxy.start(world.ports.front);
  t.after(async () => {
    await world.close();
    await network.close();
  });
  const agent = await world.startAgent({ name: 'far', args: ['--edge', `https://tunnel.test:${network.port}`] });
  const url = world.urlOf('far');
  const ana = await world.signedIn('ana', `${url}/`);
  const expected = Buffer.concat([...patternBytes(2_000_000)]);
  for (let round = 0; round < 5; round++) {
    const mark = agent.mark();
    network.faults.bentAfterBytes = 500_000; // whatever has been read by then
    const { body } = await ana.stream(`${url}/bytes?n=2000000`);
    let heard = 0;
    const reading = (async () => {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        assert.ok(chunk.equals(expected.subarray(heard, heard + chunk.length)), `wrong bytes near ${heard}`);
        heard += chunk.length;
      }
    })();
    await assert.rejects(reading, { code: 'ECONNRESET' });
    await agent.record(({ event }) => event === 'online', mark);
    assert.equal((await ana.fetch(`${url}/`)).status, 200);
  }
});
