import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DEFAULT_LIMIT,
  firstPage,
  listReply,
  MAX_LIMIT,
  nextLink,
  pageOf,
} from '../../../../src/edge/routes/paging.js';
import { PosternError } from '../../../../src/errors.js';
import { BASE } from '../visits.js';

interface Entry {
  readonly at: number;
  readonly id: string;
}

const positionOf = ({ at, id }: Entry) => [at, id];
const listing = (items: readonly Entry[], name = 'entries') => ({ name, items, positionOf });
const entry = (id: string, at = 1): Entry => ({ at, id });
const ids = (entries: readonly Entry[]) => entries.map(({ id }) => id).join('');
const query = (limit: number, cursor: string | null) => ({
  path: `/list?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`,
});

describe('a page of a list', () => {
  it('begins where the one before has ended, in the order of positions', () => {
    const all = listing([entry('c'), entry('a'), entry('b'), entry('z', 0), entry('d', 2)]);
    const pages: string[] = [];
    let cursor: string | null = null;
    do {
      const page: ReturnType<typeof pageOf<Entry>> = pageOf(query(2, cursor), all);
      pages.push(ids(page.items));
      cursor = page.next;
    } while (cursor !== null);
    assert.deepEqual(pages, ['za', 'bc', 'd']);
  });

  it('is the last one when nothing is left, also if it is full', () => {
    assert.equal(pageOf(query(2, null), listing([entry('a'), entry('b')])).next, null);
    assert.deepEqual(pageOf({ path: '/list' }, listing([])), { items: [], next: null });
  });

  it('repeats and loses no other entry when entries come and go', () => {
    const before = [entry('b'), entry('d'), entry('f'), entry('h')];
    const { items, next } = pageOf(query(2, null), listing(before));
    assert.equal(ids(items), 'bd');
    // The last entry of the page has gone, and others have come in front of it and behind it.
    const after = [entry('a'), entry('c'), entry('e'), entry('f'), entry('h')];
    assert.equal(ids(pageOf(query(9, next), listing(after)).items), 'efh');
  });

  it('has a hundred entries unless more are asked for, and a thousand at most', () => {
    const many = listing(Array.from({ length: 1_001 }, (_, at) => entry('x', at)));
    assert.equal(pageOf({ path: '/list' }, many).items.length, DEFAULT_LIMIT);
    assert.equal(firstPage(many).items.length, DEFAULT_LIMIT);
    assert.equal(pageOf(query(MAX_LIMIT, null), many).items.length, MAX_LIMIT);
  });

  const encode = (text: string) => Buffer.from(text).toString('base64url');
  for (const [wrong, name] of [
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=', 'cursor'],
    ['cursor=x', 'cursor'],
    [`cursor=${encode('{}')}`, 'cursor'],
    [`cursor=${encode('["entries"]')}`, 'cursor'],
    [`cursor=${encode('["others",1,"a"]')}`, 'cursor'],
    [`cursor=${encode('["entries","a",1]')}`, 'cursor'],
    [`cursor=${encode('["entries",1]')}`, 'cursor'],
    [`cursor=${encode('["entries",1,null]')}`, 'cursor'],
    [`cursor=${encode(`["entries",1,"${'a'.repeat(3_000)}"]`)}`, 'cursor'],
    [`cursor=${encode('["entries",1,"a"]')}&cursor=x`, 'cursor'],
  ] as const) {
    it(`is not to be had with ${wrong.slice(0, 60)}`, () => {
      const says = (error: unknown) =>
        error instanceof PosternError && error.code === 'ERR_BAD_REQUEST' && error.text.startsWith(`"${name}" is not`);
      assert.throws(() => pageOf({ path: `/list?${wrong}` }, listing([entry('a')])), says);
    });
  }

  it('names the next one in JSON and as a link, which keeps the rest of the query', () => {
    const visit = { path: '/.postern/api/v1/list?limit=1&owner=a%3E' };
    const reply = listReply(BASE, visit, { ...listing([entry('a'), entry('b')]), describe: ({ id }) => ({ id }) });
    const { entries, next } = JSON.parse(reply.body);
    assert.deepEqual(entries, [{ id: 'a' }]);
    const url = `${BASE.origin}/.postern/api/v1/list?limit=1&owner=a%3E&cursor=${next}`;
    assert.equal(reply.headers['Link'], `<${url}>; rel="next"`);
    const last = listReply(
      BASE,
      { path: url.slice(BASE.origin.length) },
      { ...listing([entry('b')]), describe: () => ({}) },
    );
    assert.deepEqual([JSON.parse(last.body), last.headers['Link']], [{ entries: [{}], next: null }, undefined]);
  });

  it('has a link on the pages of people, too', () => {
    assert.deepEqual(nextLink('/tunnels', null), []);
    assert.deepEqual(nextLink('/tunnels', 'abc'), [{ kind: 'more', label: 'Show more', href: '/tunnels?cursor=abc' }]);
  });
});
