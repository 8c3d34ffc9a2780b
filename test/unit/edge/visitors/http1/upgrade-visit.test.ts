import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { UpgradeVisit } from '../../../../../src/edge/visitors/http1/upgrade-visit.js';
import { BASE } from '../../visits.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const GOOD = { upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': KEY };

function upgradeVisit(method: string, headers: Readonly<Record<string, string | undefined>>): UpgradeVisit {
  const socket = new Socket();
  const request = Object.assign(new IncomingMessage(socket), { method, url: '/', headers });
  const owner = { ended: () => {}, replyWithError: () => {} };
  return new UpgradeVisit(request, socket, { base: BASE, address: '127.0.0.1', owner, early: Buffer.alloc(0) });
}

describe('the handshake of a WebSocket over HTTP/1.1', () => {
  for (const [what, method, headers, code] of [
    ['as it should be', 'GET', GOOD, undefined],
    ['in other letters', 'GET', { ...GOOD, upgrade: 'WebSocket' }, undefined],
    ['by POST', 'POST', GOOD, 'ERR_BAD_REQUEST'],
    ['to another protocol', 'GET', { ...GOOD, upgrade: 'h2c' }, 'ERR_BAD_REQUEST'],
    ['to one of several', 'GET', { ...GOOD, upgrade: 'websocket, h2c' }, 'ERR_BAD_REQUEST'],
    ['of an older version', 'GET', { ...GOOD, 'sec-websocket-version': '8' }, 'ERR_PROTOCOL_VERSION'],
    ['of two versions', 'GET', { ...GOOD, 'sec-websocket-version': '13, 8' }, 'ERR_PROTOCOL_VERSION'],
    ['without a version', 'GET', { ...GOOD, 'sec-websocket-version': undefined }, 'ERR_PROTOCOL_VERSION'],
    ['without a key', 'GET', { ...GOOD, 'sec-websocket-key': undefined }, 'ERR_BAD_REQUEST'],
    ['with a key of fewer bytes', 'GET', { ...GOOD, 'sec-websocket-key': 'AAAA' }, 'ERR_BAD_REQUEST'],
    ['with two keys', 'GET', { ...GOOD, 'sec-websocket-key': `${KEY}, ${KEY}` }, 'ERR_BAD_REQUEST'],
  ] as const) {
    it(`${code === undefined ? 'passes' : `is ${code}`}: ${what}`, () => {
      const visit = upgradeVisit(method, headers);
      const check = () => visit.checkHandshake();
      if (code === undefined) check();
      else assert.throws(check, { code });
    });
  }
});
