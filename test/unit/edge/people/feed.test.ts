import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Feed, MAX_EVENT_CHARS, MAX_EVENTS } from '../../../../src/edge/people/feed.js';

const event = (tunnel: string) => ({ kind: 'access', tunnel, owner: 'dev@acme.com', data: {} }) as const;

it('tells its readers of what happens, until they stop', () => {
  const feed = new Feed();
  const seen: string[] = [];
  const stop = feed.read(({ tunnel }) => seen.push(tunnel));
  feed.publish(event('a'));
  stop();
  feed.publish(event('b'));
  assert.deepEqual(seen, ['a']);
});

it('has what was missed since an id, and says when it is not known any more', () => {
  const feed = new Feed();
  const start = feed.lastId;
  feed.publish(event('a'));
  const middle = feed.lastId;
  feed.publish(event('b'));
  const since = (id: string) => {
    const missed = feed.since(id);
    return missed === 'gap' ? missed : missed.map(({ tunnel }) => tunnel);
  };
  assert.deepEqual([since(start), since(middle), since(feed.lastId)], [['a', 'b'], ['b'], []]);
  const [run] = start.split('-');
  for (const id of [
    '',
    'x',
    `${run}`,
    `${run}-`,
    `${run}--1`,
    `${run}-3`,
    `${run}-1e0`,
    new Feed().lastId,
    `${run}-${'9'.repeat(30)}`,
  ])
    assert.equal(since(id), 'gap', id);
  for (let at = 0; at < MAX_EVENTS; at++) feed.publish(event('many'));
  assert.deepEqual([since(middle), (since(`${run}-2`) as string[]).length], ['gap', MAX_EVENTS]);
});

it('holds no more text than it may, however large its events are', () => {
  const feed = new Feed();
  const start = feed.lastId;
  const large = { ...event('large'), data: { text: 'x'.repeat(MAX_EVENT_CHARS / 4) } };
  for (let at = 0; at < 10; at++) feed.publish(large);
  assert.equal(feed.since(start), 'gap');
  const [run] = start.split('-');
  const kept = feed.since(`${run}-7`);
  assert.ok(kept !== 'gap' && kept.length === 3);
  assert.equal(feed.since(`${run}-6`), 'gap');
});
