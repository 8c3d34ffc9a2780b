import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIRST_ROWS, ShownRows } from '../../../../src/edge/portal/shown-rows.js';

const items = (count: number) => Array.from({ length: count }, (_, at) => `row ${at}`);

function shown(query: string, count: number) {
  const rows = new ShownRows({ path: `/tunnels/demo${query}` }, '/tunnels/demo', ['people', 'access']);
  const blocks = rows.section('people', 'Here now', items(count), (title) => ({ title }));
  const listed = blocks.flatMap((block) => (block.kind === 'rows' ? block.rows : []));
  const more = blocks.find((block) => block.kind === 'more');
  return { here: rows.here, rows: listed.length, more: more?.kind === 'more' ? more : undefined, blocks };
}

describe('a section of a page', () => {
  it('shows its first rows, and a link to more', () => {
    const { rows, more, here } = shown('', FIRST_ROWS + 7);
    assert.deepEqual([rows, here], [FIRST_ROWS, '/tunnels/demo']);
    assert.deepEqual(more, { kind: 'more', label: 'Show more (7 left)', href: '/tunnels/demo?people=150#people' });
  });

  it('shows as many as the page was asked for, and keeps what other sections show', () => {
    const { rows, more, here } = shown('?people=150&access=250', 400);
    assert.deepEqual([rows, here], [150, '/tunnels/demo?people=150&access=250']);
    assert.equal(more?.href, '/tunnels/demo?people=250&access=250#people');
    assert.equal(shown('?people=150', 150).more, undefined);
  });

  it('is not there without rows', () => assert.deepEqual(shown('', 0).blocks, []));

  for (const query of ['?people=x', '?people=-5', '?people=1e9', '?people=10&people=90', '?people=7', '?other=90']) {
    it(`shows its first rows for ${query}, and no form repeats that`, () => {
      const { rows, here } = shown(query, 400);
      assert.deepEqual([rows, here], [FIRST_ROWS, '/tunnels/demo']);
    });
  }
});
