import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { MAX_STRANGERS, MAX_STRANGERS_OF_ONE, Strangers } from '../../../src/cluster/strangers.js';
import { silentLog } from '../../../src/core/log.js';
import { network } from '../../../src/edge/request/limits.js';

/** How many connections of these addresses are taken, none of which proves itself. */
function takenOf(addresses: readonly (string | undefined)[]): number {
  const strangers = new Strangers({ log: silentLog, networkOf: network });
  const sockets = addresses.map((remoteAddress) => {
    const socket = { remoteAddress, isDestroyed: false, destroy: () => Object.assign(socket, { isDestroyed: true }) };
    strangers.add(socket as unknown as Socket, () => new Promise(() => {}));
    return socket;
  });
  return sockets.filter(({ isDestroyed }) => !isDestroyed).length;
}

const many = Array.from({ length: 2 * MAX_STRANGERS }, (_, at) => at.toString(16));

describe('strangers at a peer address', () => {
  it('are so many of one network, which is a /64 of IPv6', () => {
    assert.equal(takenOf(many.map((at) => `2001:db8:1:2::${at}`)), MAX_STRANGERS_OF_ONE);
    assert.equal(takenOf(many.map(() => '192.0.2.1')), MAX_STRANGERS_OF_ONE);
  });

  it('are of different networks where a dual-stack socket shows IPv4 addresses', () => {
    assert.equal(takenOf(many.map((_, at) => `::ffff:192.0.2.${at % 3}`)), 3 * MAX_STRANGERS_OF_ONE);
  });

  it('are counted when they are refused, by the reason', async () => {
    const reasons: string[] = [];
    const strangers = new Strangers({
      ...{ log: silentLog, networkOf: network },
      refused: (reason) => void reasons.push(reason),
    });
    const add = (prove: () => Promise<void>) =>
      strangers.add({ remoteAddress: '192.0.2.1', destroy() {} } as unknown as Socket, prove);
    for (let count = 0; count < MAX_STRANGERS_OF_ONE - 2; count++) add(() => new Promise(() => {}));
    add(async () => {}); // a node
    add(() => Promise.reject(new Error('no proof')));
    add(() => new Promise(() => {}));
    assert.deepEqual(reasons, ['no-room']);
    await new Promise(setImmediate);
    assert.deepEqual(reasons, ['no-room', 'no-proof']);
  });

  it('are so many in all, those of a Unix socket too', () => {
    assert.equal(takenOf(many.map((at) => `2001:db8:${at}::1`)), MAX_STRANGERS);
    assert.equal(takenOf(many.map(() => undefined)), MAX_STRANGERS);
  });
});
