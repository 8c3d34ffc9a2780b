/** A target with a short listen backlog: connections are opened few at a time, and again where their SYN was dropped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { Target } from '../../../../src/agent/target/target.js';
import { silentLog } from '../../../../src/core/log.js';
import { FakeInbound } from '../fake-inbound.js';

// A separate process that is busy for a while with each request: otherwise it would accept as fast as the agent connects.
const SERVER = `
  const server = require('node:http').createServer((request, response) => {
    for (const until = performance.now() + 2; performance.now() < until; );
    if (request.url === '/close') response.setHeader('connection', 'close');
    response.end('ok');
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

async function crowdedTarget(t: TestContext): Promise<Target> {
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(server.stdout, 'data');
  const address = readTargetAddress(new URL(`http://127.0.0.1:${String(port).trim()}`), 'rewrite');
  const target = new Target(address, { log: silentLog, record: () => {}, hint: () => {} });
  t.after(() => {
    target.close();
    server.kill();
  });
  return target;
}

describe('a target with a listen backlog of one', () => {
  for (const [method, path] of [
    ['GET', '/'],
    ['POST', '/'],
    ['GET', '/close'],
  ] as const) {
    it(`responds to 200 concurrent requests with 200: ${method} ${path}`, async (t) => {
      const target = await crowdedTarget(t);
      const statuses = await Promise.all(
        Array.from({ length: 200 }, async () => {
          const stream = new FakeInbound({ method, path });
          target.serve(stream);
          return (await stream.answer()).status;
        }),
      );
      assert.deepEqual(new Set(statuses), new Set([200]));
    });
  }
});
