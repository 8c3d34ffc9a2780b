/**
 * Responses that visitors do not read. Those wait at the target: the agent reads it as far as their streams carry, so
 * what it holds of one and of all together is bounded, and visitors who read are served beside them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { readTargetAddress } from '../../../src/agent/target/address.js';
import { Target } from '../../../src/agent/target/target.js';
import { silentLog } from '../../../src/core/log.js';
import { UNSENT } from '../../../src/link/link.js';
import { Asked, openPair, type Pair } from '../../unit/link/pair.js';

const READ_BYTES = 65_536;
const ALL_BYTES = 16_777_216;

describe('responses that nobody reads', () => {
  /** An agent whose target sends responses of a gigabyte, or short ones to `/short`. Both ends are in this process. */
  async function openEndless(t: TestContext): Promise<Pair> {
    const chunk = Buffer.alloc(READ_BYTES);
    const server = createServer((request, response) => {
      if (request.url === '/short') return void response.end('short');
      const write = () => {
        while (response.write(chunk));
      };
      response.on('drain', write);
      write();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const target = new Target(readTargetAddress(url, 'rewrite'), { log: silentLog, record: () => {}, hint: () => {} });
    t.after(() => {
      target.close();
      server.closeAllConnections();
      server.close();
    });
    return openPair(t, (stream) => target.serve(stream));
  }

  /** Waits, by asking for short responses, until more than `leastBytes` are unsent and have not grown for so many of them. */
  async function settled({ edge }: Pair, leastBytes: number): Promise<number> {
    let most = leastBytes;
    for (let same = 0; same < 50 || most === leastBytes; same += 1) {
      assert.equal(await new Asked(edge, { path: '/short' }, { party: 'canary' }).text(), 'short');
      if (UNSENT.bytes > most) same = 0;
      most = Math.max(most, UNSENT.bytes);
    }
    return most;
  }

  test('I17 one response that nobody reads holds two reads at most, and none once its visitor has left', async (t) => {
    const pair = await openEndless(t);
    const asked = new Asked(pair.edge, { path: '/endless' });
    await asked.head;
    const most = await settled(pair, 0);
    assert.ok(most <= 2 * READ_BYTES, `${most} bytes wait`);
    asked.stream.cancel();
    while (UNSENT.bytes > 0) await new Asked(pair.edge, { path: '/short' }).text();
  });

  test('I17 all of them together hold 16 MiB and one read each, and whoever reads is served', async (t) => {
    const pair = await openEndless(t);
    const parties = 4;
    const each = 225;
    for (let at = 0; at < parties * each; at++) {
      new Asked(pair.edge, { path: '/endless' }, { party: `visitor ${at % parties}` });
    }
    const most = await settled(pair, ALL_BYTES); // the bound is reached
    assert.ok(most <= ALL_BYTES + parties * each * READ_BYTES, `${most} bytes wait`);
  });
});
