import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LiveBlock } from '../../../../src/cli/output/live-block.js';
import { peopleLines } from '../../../../src/cli/output/people-lines.js';

/** What a terminal shows of a text: lines, carriage returns, and the three escapes that a block writes. */
function screen(text: string): string[] {
  const rows = [''];
  let row = 0;
  for (const [part] of text.matchAll(/\x1b\[\d*[AJK]|\r|\n|[^\x1b\r\n]+/g)) {
    if (part === '\n') {
      row += 1;
      rows[row] ??= '';
    } else if (part.endsWith('A') && part.startsWith('\x1b')) row -= Number(part.slice(2, -1));
    else if (part === '\x1b[0J') rows.splice(row, rows.length, '');
    else if (part === '\x1b[2K') rows[row] = '';
    else if (part !== '\r') rows[row] += part;
  }
  return rows;
}

function written(act: (block: LiveBlock) => void): string {
  let text = '';
  act(
    new LiveBlock({
      write: (more) => {
        text += more;
      },
    }),
  );
  return text;
}

describe('lines at the bottom of a terminal', () => {
  it('stay there while others scroll by, and are replaced whole', () => {
    const text = written((block) => {
      block.scroll('one');
      block.show(['a', 'b', 'c']);
      block.scroll('two');
      block.show(['d']);
      block.scroll('three');
      block.show(['e', 'f']);
    });
    assert.deepEqual(screen(text), ['one', 'two', 'three', 'e', 'f']);
  });

  it('leave nothing behind', () => {
    for (const lines of [['a'], ['a', 'b', 'c']]) {
      const text = written((block) => {
        block.scroll('one');
        block.show(lines);
        block.close();
        block.scroll('two');
      });
      assert.deepEqual(screen(text), ['one', 'two', '']);
    }
  });

  it('are erased whole after the terminal became narrower, which breaks them', () => {
    let columns = 20;
    let text = '';
    const block = new LiveBlock({ write: (more) => (text += more) }, () => columns);
    block.show(['\x1b[1mexactly twenty chars\x1b[22m', 'short']);
    columns = 10;
    text = '';
    block.close();
    assert.equal(text, '\r\x1b[2A\x1b[0J');
  });

  it('have the cursor where a person types', () => {
    const text = written((block) => {
      block.show(['abc'], 2);
      block.scroll('one');
    });
    assert.equal(text, 'abc\x1b[2D\r\x1b[2Kone\nabc\x1b[2D');
  });

  it('are written only when they change', () => {
    const text = written((block) => {
      block.show(['a']);
      block.show(['a']);
    });
    assert.equal(text, 'a');
  });
});

describe('the lines about people', () => {
  const plain = (_style: unknown, text: string) => text;
  const asker = { id: '1', email: 'eve@elsewhere.test', message: 'May I?' };

  it('name who is here and who asks first', () => {
    assert.deepEqual(
      peopleLines({ here: ['ana@acme.com', 'bob@acme.com'], askers: [asker, asker, asker] }, 80, plain),
      ['here     ana@acme.com, bob@acme.com', 'asks     eve@elsewhere.test: May I?'],
    );
    assert.deepEqual(peopleLines({ here: [], askers: [] }, 80, plain), []);
  });

  it('fit the terminal, and hold no escape of a stranger', () => {
    const hostile = { id: '1', email: 'eve@elsewhere.test', message: `\x1b]52;c;AAAA\x07${'漢'.repeat(100)}\u202e` };
    for (const line of peopleLines({ here: ['a'.repeat(100)], askers: [hostile] }, 40, plain)) {
      assert.doesNotMatch(line, /[\x00-\x1f\u202e]/);
      assert.ok(line.length < 40);
    }
  });
});
