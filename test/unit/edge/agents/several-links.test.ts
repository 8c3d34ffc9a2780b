import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { FULL, isLeft, openDoor, TAKEN } from './door.js';

const agentId = randomUUID();
const BAD = { status: 400, code: 'ERR_OFFER_INVALID' };

/** An agent that would hold four links, with the link of a slot. */
const from = (slot: number, other: object = {}) => ({
  agentId,
  headers: { 'postern-links': '4', 'postern-slot': String(slot) },
  ...other,
});

describe('an agent with several links', () => {
  it('learns how many the edge can use, and which node has this one', async (t) => {
    for (const [nodes, offered, most] of [
      [1, '4', '1'],
      [2, '4', '2'],
      [9, '4', '4'],
      [9, '3', '3'],
      [9, '99', '4'],
    ] as const) {
      const { offer } = await openDoor(t, { nodes });
      const { headers } = (await offer('demo', { headers: { 'postern-links': offered } })).answer;
      assert.deepEqual([headers['postern-links'], headers['postern-node']], [most, 'node']);
    }
    const { offer } = await openDoor(t, { nodes: 2 });
    assert.equal((await offer('demo')).answer.headers['postern-links'], undefined, 'to an agent that holds one');
  });

  it('is one tunnel, which is there until the last of them has ended', async (t) => {
    const { offer, registry } = await openDoor(t, { nodes: 2 });
    const first = await offer('demo', from(1));
    const second = await offer('demo', from(2));
    assert.deepEqual(await Promise.all([isLeft(first.link), isLeft(second.link)]), [true, true]);
    assert.equal(registry.links, 1);
    const away = registry.find('demo')?.link;
    first.link.terminate();
    while (registry.find('demo')?.link === away) await new Promise((resolve) => setImmediate(resolve));
    const left = registry.find('demo')?.link as OutboundLink;
    assert.notEqual(left, undefined);
    second.link.terminate();
    await left.closed;
    assert.equal(registry.links, 0);
  });

  it('replaces the link of the same slot', async (t) => {
    const { offer } = await openDoor(t, { nodes: 2 });
    const first = await offer('demo', from(1));
    const second = await offer('demo', from(2));
    const third = await offer('demo', from(2));
    assert.deepEqual(await Promise.all([first, second, third].map(({ link }) => isLeft(link))), [true, false, true]);
  });
});

describe('a further link', () => {
  it('I26 a further link is not taken for a slot that there is not, nor beyond what the edge can use', async (t) => {
    const { offer } = await openDoor(t, { nodes: 2 });
    await offer('demo', from(1));
    assert.deepEqual((await offer('demo', from(3))).outcome, FULL);
    for (const [links, slot] of [
      ['4', '0'],
      ['4', '5'],
      ['9', '5'],
      ['1', '2'],
      ['4', '-1'],
      ['4', '1e0'],
      ['4', 'x'],
      ['0', '1'],
      ['4, 4', '1'],
    ]) {
      const headers = { 'postern-links': links ?? '', 'postern-slot': slot ?? '' };
      assert.deepEqual((await offer('demo', { agentId, headers })).outcome, BAD, `${slot} of ${links}`);
    }
    assert.deepEqual((await offer('demo', { agentId, headers: { 'postern-slot': '2' } })).outcome, BAD);
  });

  it('I26 a further link is not taken from another agent, nor from another owner', async (t) => {
    const { offer } = await openDoor(t, { nodes: 2 });
    const { link } = await offer('demo', from(1));
    assert.deepEqual((await offer('demo', from(2, { agentId: randomUUID() }))).outcome, TAKEN);
    assert.deepEqual((await offer('demo', from(2, { owner: 'bob@acme.com' }))).outcome, TAKEN);
    assert.equal(await isLeft(link), true);
  });

  it('I26 a further link changes nothing of what the first one has offered', async (t) => {
    const { offer, registry } = await openDoor(t, { nodes: 2 });
    await offer('demo', from(1, { allow: '@acme.com' }));
    const { link } = await offer('demo', from(1, { allow: 'ana@acme.com' }));
    const late = await offer('demo', from(2, { allow: '@acme.com' }));
    assert.deepEqual(late.outcome, TAKEN);
    assert.deepEqual(registry.offeredWords('demo'), ['ana@acme.com']);
    assert.equal(await isLeft(link), true);
  });

  it('I26 a further link counts for its owner and its network, not for a link that it replaces', async (t) => {
    const { offer } = await openDoor(t, { nodes: 4, links: { most: 10, maxOfOne: 2, spare: 1 } });
    await offer('demo', from(1));
    await offer('demo', from(2));
    assert.deepEqual((await offer('demo', from(3))).outcome, FULL);
    assert.deepEqual((await offer('other')).outcome, FULL);
    assert.ok('url' in (await offer('demo', from(2))).outcome);
  });
});
