/** Responses that no edge sends: each becomes a response or a rejection, never an exception that ends the process. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchEdge } from '../../../../src/cli/process/edge-fetch.js';

/** The address of a server that responds with one text to each request. */
async function serverOf(t: TestContext, text: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(text));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('fetchEdge', () => {
  for (const [status, content] of [
    [204, ''],
    [205, 'hi'], // a parser reads it
    [304, ''],
  ] as const)
    it(`has no content for ${status}`, async (t) => {
      const address = await serverOf(t, `HTTP/1.1 ${status} X\r\nContent-Length: ${content.length}\r\n\r\n${content}`);
      const response = await fetchEdge(address);
      assert.deepEqual([response.status, response.body], [status, null]);
    });

  for (const status of [600, 999])
    it(`rejects for ${status}, which is no status`, async (t) => {
      const address = await serverOf(t, `HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nhi`);
      await assert.rejects(fetchEdge(address), RangeError);
    });
});

it('a call of the API does not load the HTTP client of the platform, which an agent keeps for good', async (t) => {
  const address = await serverOf(
    t,
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"people":[]}',
  );
  const client = fileURLToPath(new URL('../../../../src/cli/process/api-client.js', import.meta.url));
  // Node 24 loads it with node:http, whoever imports that.
  const script = `
    await import('node:http');
    const isNew = ((before) => (name) => !before.has(name))(new Set(process.moduleLoadList));
    const { ApiClient } = await import(${JSON.stringify(client)});
    const people = await new ApiClient(${JSON.stringify(address)}, 'token').people('demo');
    console.log(JSON.stringify([people, process.moduleLoadList.filter((name) => isNew(name) && name.includes('undici'))]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  assert.deepEqual(JSON.parse(stdout), [[], []]);
});
