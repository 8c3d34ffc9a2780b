/** Servers in this process that stand for an edge, and checks that are made alone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Check, CheckId, Finding } from '../../../../src/cli/doctor/check.js';

/** The origin of a server that responds like this. */
export async function edgeLike(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What these checks find, each without what it needs. */
export async function findings(checks: readonly Check[]): Promise<Partial<Record<CheckId, Finding>>> {
  const found: Partial<Record<CheckId, Finding>> = {};
  for (const check of checks) found[check.id] = await check.look(new AbortController().signal);
  return found;
}

/** What one check finds. */
export async function finding(check: Check | undefined): Promise<Finding> {
  return (check ?? assert.fail('there is no such check')).look(new AbortController().signal);
}
