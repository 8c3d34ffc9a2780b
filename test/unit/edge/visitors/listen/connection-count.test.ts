import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { markLocal, proxyCheck } from '../../../../../src/edge/request/client-address.js';
import { CONNECTIONS_OF_ONE, CROWDED_CONNECTIONS, MAX_CONNECTIONS } from '../../../../../src/edge/request/limits.js';
import { ConnectionCount } from '../../../../../src/edge/visitors/listen/connection-count.js';

const PROXY = '198.51.100.1';
const counting = () => new ConnectionCount(proxyCheck([PROXY]));

/** A connection from an address; from another network each time unless one is given. */
let networks = 0;
function from(remoteAddress = `2001:db8:0:${(++networks).toString(16)}::1`): Socket {
  return Object.assign(new EventEmitter(), { remoteAddress }) as unknown as Socket;
}

function fill(count: ConnectionCount, upTo: number): void {
  while (count.open < upTo) assert.equal(count.add(from()), true);
}

/** How many more it takes from an address. */
function taken(count: ConnectionCount, address: string): number {
  let sockets = 0;
  while (count.add(from(address))) sockets += 1;
  return sockets;
}

describe('ConnectionCount', () => {
  it('counts a connection until it is closed', async () => {
    const count = counting();
    const socket = from();
    assert.equal(count.add(socket), true);
    assert.equal(count.open, 1);
    const none = count.none();
    socket.emit('close');
    assert.equal(count.open, 0);
    await none;
  });

  it('is crowded past nine tenths, and refuses one past the most', () => {
    const count = counting();
    fill(count, CROWDED_CONNECTIONS);
    assert.equal(count.isCrowded, false);
    const last = from();
    count.add(last);
    assert.equal(count.isCrowded, true);
    fill(count, MAX_CONNECTIONS);
    assert.equal(count.add(from()), false);
    assert.equal(count.open, MAX_CONNECTIONS);
    last.emit('close');
    assert.equal(count.add(from()), true);
  });

  it('takes half of them from one network, and again as many as have closed', () => {
    const count = counting();
    const first = from('203.0.113.7');
    count.add(first);
    assert.equal(taken(count, '::ffff:203.0.113.7'), CONNECTIONS_OF_ONE.most - 1);
    assert.equal(count.add(from('203.0.113.8')), true);
    first.emit('close');
    assert.equal(taken(count, '203.0.113.7'), 1);
  });

  it('takes fewer from one network while it is crowded, and ends none that is open', () => {
    const count = counting();
    assert.equal(taken(count, '203.0.113.7'), CONNECTIONS_OF_ONE.most);
    fill(count, CROWDED_CONNECTIONS + 1);
    assert.equal(count.add(from('203.0.113.7')), false);
    assert.equal(taken(count, '2001:db8:1::1'), CONNECTIONS_OF_ONE.crowded);
    assert.equal(count.add(from('2001:db8:1:0:ffff::2')), false, 'of the same /64');
    assert.equal(count.add(from()), true);
  });

  it('counts those of a trusted proxy, and those over a Unix socket, among all only', () => {
    const count = counting();
    const local = from('');
    markLocal(local);
    fill(count, CROWDED_CONNECTIONS + 1);
    assert.equal(count.add(local), true);
    assert.equal(taken(count, PROXY), MAX_CONNECTIONS - CROWDED_CONNECTIONS - 2);
  });
});
