import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addressReader,
  LOCAL_PEER,
  markLocal,
  peerAddress,
  proxyCheck,
} from '../../../../src/edge/request/client-address.js';

const from = (peer: string, ...forwarded: string[]) =>
  [peer, forwarded.flatMap((value) => ['X-Forwarded-For', value])] as const;

describe('the address of a visitor', () => {
  for (const [what, trusted, request, address] of [
    ['is the socket’s', [], from('203.0.113.9'), '203.0.113.9'],
    ['is the socket’s whatever the visitor claims', [], from('203.0.113.9', '1.2.3.4'), '203.0.113.9'],
    ['is the socket’s when another proxy is trusted', ['10.0.0.1'], from('203.0.113.9', '1.2.3.4'), '203.0.113.9'],
    ['is what a trusted proxy says', ['10.0.0.1'], from('10.0.0.1', '203.0.113.9'), '203.0.113.9'],
    [
      'is the nearest that is no proxy',
      ['10.0.0.0/8'],
      from('10.0.0.1', '1.2.3.4, 203.0.113.9, 10.9.9.9'),
      '203.0.113.9',
    ],
    ['reads several lines as one', ['10.0.0.0/8'], from('10.0.0.1', '1.2.3.4', '203.0.113.9,10.9.9.9'), '203.0.113.9'],
    ['is the farthest proxy when all are', ['10.0.0.0/8'], from('10.0.0.1', '10.0.0.3, 10.0.0.2'), '10.0.0.3'],
    ['is the proxy that says nothing', ['10.0.0.1'], from('10.0.0.1'), '10.0.0.1'],
    ['is the proxy that says nonsense', ['10.0.0.1'], from('10.0.0.1', '203.0.113.9, unknown'), '10.0.0.1'],
    ['is the proxy that says an empty list', ['10.0.0.1'], from('10.0.0.1', ' , '), '10.0.0.1'],
    ['sheds the mapping of IPv4', [], from('::ffff:203.0.113.9'), '203.0.113.9'],
    [
      'trusts a mapped proxy by its own address',
      ['10.0.0.1'],
      from('::ffff:10.0.0.1', '::ffff:203.0.113.9'),
      '203.0.113.9',
    ],
    ['may be of IPv6', ['fd00::/8'], from('fd00::1', '2001:db8::9'), '2001:db8::9'],
    ['is what a program on a Unix socket says', [], from(LOCAL_PEER, '203.0.113.9'), '203.0.113.9'],
    ['is this machine for one that says nothing', [], from(LOCAL_PEER), '127.0.0.1'],
    ['is this machine for one that says nonsense', ['10.0.0.1'], from(LOCAL_PEER, 'unix:'), '127.0.0.1'],
    ['is empty for a socket that is gone', ['10.0.0.1'], from('', '203.0.113.9'), ''],
  ] as const) {
    it(what, () => assert.equal(addressReader(trusted)(...request), address));
  }

  it('tells once of a peer that is not trusted and speaks for others', () => {
    const told: string[] = [];
    const read = addressReader(['10.0.0.1'], (peer) => told.push(peer));
    read(...from('203.0.113.9'));
    read(...from('10.0.0.1', '203.0.113.9'));
    assert.deepEqual(told, []);
    for (let time = 0; time < 3; time++) read(...from('172.17.0.1', '203.0.113.9'));
    assert.deepEqual(told, ['172.17.0.1']);
  });
});

describe('the peer of a connection', () => {
  it('has no address over a Unix socket, which is not what a closed TCP socket looks like', () => {
    const local = {};
    markLocal(local);
    assert.equal(peerAddress(local), LOCAL_PEER);
    assert.equal(peerAddress({}), '');
    assert.equal(peerAddress({ remoteAddress: '203.0.113.9' }), '203.0.113.9');
    for (const trusted of [[], ['10.0.0.1']]) {
      assert.equal(proxyCheck(trusted)(LOCAL_PEER), true);
      assert.equal(proxyCheck(trusted)(''), false);
    }
  });
});
