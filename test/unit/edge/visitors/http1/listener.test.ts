import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { describe, it } from 'node:test';
import { CROWDED_CONNECTIONS } from '../../../../../src/edge/request/limits.js';
import { ConnectionCount } from '../../../../../src/edge/visitors/http1/listener.js';

describe('ConnectionCount', () => {
  it('counts a connection once, however often its server is told of it, until it is closed', () => {
    const server = new EventEmitter();
    const count = new ConnectionCount();
    count.follow(server as unknown as Server);
    const socket = new EventEmitter();
    for (let told = 0; told < 3; told++) server.emit('connection', socket);
    assert.equal(count.open, 1);
    assert.equal(socket.listenerCount('close'), 1);
    socket.emit('close');
    assert.equal(count.open, 0);
  });

  it('is crowded past nine tenths', () => {
    const server = new EventEmitter();
    const count = new ConnectionCount();
    count.follow(server as unknown as Server);
    for (let at = 0; at < CROWDED_CONNECTIONS; at++) server.emit('connection', new EventEmitter());
    assert.equal(count.isCrowded, false);
    server.emit('connection', new EventEmitter());
    assert.equal(count.isCrowded, true);
  });
});
