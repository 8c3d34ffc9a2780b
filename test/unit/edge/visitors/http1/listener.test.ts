import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { CROWDED_CONNECTIONS, MAX_CONNECTIONS } from '../../../../../src/edge/request/limits.js';
import { ConnectionCount } from '../../../../../src/edge/visitors/http1/listener.js';

const opened = () => new EventEmitter() as Socket;

describe('ConnectionCount', () => {
  it('counts a connection until it is closed', () => {
    const count = new ConnectionCount();
    const socket = opened();
    assert.equal(count.add(socket), true);
    assert.equal(count.open, 1);
    socket.emit('close');
    assert.equal(count.open, 0);
  });

  it('is crowded past nine tenths, and refuses one past the most', () => {
    const count = new ConnectionCount();
    for (let at = 0; at < CROWDED_CONNECTIONS; at++) count.add(opened());
    assert.equal(count.isCrowded, false);
    const last = opened();
    count.add(last);
    assert.equal(count.isCrowded, true);
    while (count.open < MAX_CONNECTIONS) count.add(opened());
    assert.equal(count.add(opened()), false);
    assert.equal(count.open, MAX_CONNECTIONS);
    last.emit('close');
    assert.equal(count.add(opened()), true);
  });
});
