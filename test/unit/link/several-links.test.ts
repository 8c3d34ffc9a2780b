import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dialEdge } from '../../../src/link/dial.js';
import { readOffer, writeOffer } from '../../../src/link/handshake.js';
import { readSeveralLinks, readSeveralNodes, writeSeveralLinks } from '../../../src/link/several-links.js';
import { Acceptor, OFFER, PUBLIC_URL } from './pair.js';

describe('several links in an offer', () => {
  it('are read as they were written, and are none without any', () => {
    for (const links of [
      { most: 4, slot: 1 },
      { most: 4, slot: 4 },
      { most: 1, slot: 1 },
    ]) {
      assert.deepEqual(readSeveralLinks(Object.entries(writeSeveralLinks(links)).flat()), links);
      const headers = Object.entries(writeOffer({ ...OFFER, links })).flat();
      assert.deepEqual(readOffer([...headers, 'Sec-WebSocket-Protocol', 'postern.h2']).links, links);
    }
    assert.equal(readSeveralLinks(['Postern-Allow', '@acme.com']), undefined);
    assert.deepEqual(readSeveralLinks(['postern-links', '99']), { most: 4, slot: 1 });
  });

  for (const headers of [
    ['Postern-Links', '0'],
    ['Postern-Links', '100'],
    ['Postern-Links', '4', 'Postern-Links', '4'],
    ['Postern-Links', '4', 'Postern-Slot', '5'],
    ['Postern-Links', '4', 'Postern-Slot', '1', 'Postern-Slot', '2'],
    ['Postern-Links', '2', 'Postern-Slot', '3'],
    ['Postern-Slot', '2'],
    ['Postern-Slot', ''],
  ]) {
    it(`are refused as ${headers.join(' ')}`, () => {
      assert.throws(() => readSeveralLinks(headers), { code: 'ERR_OFFER_INVALID' });
    });
  }
});

describe('several links in a 101', () => {
  it('arrive as the edge has said them', async (t) => {
    for (const nodes of [undefined, { most: 2, node: 'a_node-1' }]) {
      const { url } = await Acceptor.start(t, { url: PUBLIC_URL, nodes });
      const link = await dialEdge(url, { ...OFFER, links: { most: 4, slot: 1 } }, { onStream: () => assert.fail() });
      t.after(() => link.destroy());
      assert.deepEqual(link.nodes, nodes);
      assert.ok(link.bytes > 0);
      assert.deepEqual([link.requests, link.running], [0, 0]);
    }
  });

  for (const headers of [
    {},
    { 'postern-links': '2' },
    { 'postern-node': 'node' },
    { 'postern-links': '0', 'postern-node': 'node' },
    { 'postern-links': '1000', 'postern-node': 'node' },
    { 'postern-links': '2, 2', 'postern-node': 'node' },
    { 'postern-links': '2', 'postern-node': 'a node' },
    { 'postern-links': '2', 'postern-node': 'x'.repeat(65) },
    { 'postern-links': ['2'], 'postern-node': 'node' },
  ]) {
    it(`are none in ${JSON.stringify(headers).slice(0, 80)}`, () =>
      assert.equal(readSeveralNodes(headers, 4), undefined));
  }

  it('are no more than the agent would hold, and none for one that holds one', async (t) => {
    const { url } = await Acceptor.start(t, { url: PUBLIC_URL, nodes: { most: 4, node: 'n' } });
    for (const [most, nodes] of [[3, { most: 3, node: 'n' }], [undefined]] as const) {
      const link = await dialEdge(url, { ...OFFER, links: most && { most, slot: 1 } }, { onStream: () => {} });
      t.after(() => link.destroy());
      assert.deepEqual(link.nodes, nodes);
    }
  });

  it('are four at most', () => {
    assert.deepEqual(readSeveralNodes({ 'postern-links': '99', 'postern-node': 'n' }, 99), { most: 4, node: 'n' });
  });
});
