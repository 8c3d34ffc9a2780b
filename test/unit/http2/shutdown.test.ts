/** How a connection ends (RFC 9113 section 6.8), between two engines. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engines, Record, requestFields } from './peers.js';

describe('a graceful shutdown', () => {
  it('of a client follows the requests that it has opened before: a server without streams ends at once', () => {
    const arrived: string[] = [];
    const { client, server, closed, settle } = engines((stream, fields) => {
      arrived.push(fields[7] as string);
      stream.sendHeaders([':status', '204'], { endStream: true });
      return new Record();
    });
    settle();
    const responses = ['/one', '/two'].map((path) => {
      const response = new Record();
      client.request(requestFields('GET', path), { endStream: true }).observe(response);
      return response;
    });
    client.drain();
    settle();
    assert.deepEqual(arrived, ['/one', '/two']);
    assert.deepEqual(
      responses.map(({ fields, error }) => [fields[1], error]),
      [
        ['204', undefined],
        ['204', undefined],
      ],
    );
    assert.deepEqual(closed, { client: 'whole', server: 'whole' });
    assert.ok(server.isClosed);
  });
});
