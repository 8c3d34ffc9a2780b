import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { replaceOrigins, type UrlSyntax } from '../../../../src/agent/target/url-text.js';

function replaced(syntax: UrlSyntax, value: string): string {
  return replaceOrigins(syntax, value, (scheme, authority) =>
    authority === 'own' ? `${scheme ?? 'none'}://new` : undefined,
  );
}

describe('replaceOrigins', () => {
  it('replaces scheme and authority of a reference and nothing after them', () => {
    assert.equal(replaced('reference', 'HTTP://own/a?//own#//own'), 'http://new/a?//own#//own');
    assert.equal(replaced('reference', '//own'), 'none://new');
    for (const value of ['/own', 'own', ' http://own', 'app://own', 'http:/own', '/?u=http://own', 'http://a@own']) {
      assert.equal(replaced('reference', value), value);
    }
  });

  it('takes only text in angle brackets for a reference of Link or If', () => {
    assert.equal(
      replaced('bracketed', '<http://own/>; title="<http://own/>",</>'),
      '<http://new/>; title="<http://own/>",</>',
    );
    assert.equal(replaced('bracketed', '<http://own/> (<http://own/>)'), '<http://new/> (<http://own/>)');
    for (const value of ['<http://own', '"<http://own/>', '(<http://own/>', 'http://own/', '<>//']) {
      assert.equal(replaced('bracketed', value), value);
    }
  });

  it('separates tokens by blanks, quotes, commas, semicolons and parentheses', () => {
    const value = `http://own 'wss://own/a';(http://own),"http://own"`;
    assert.equal(replaced('tokens', value), `http://new 'wss://new/a';(http://new),"http://new"`);
    assert.equal(replaced('tokens', 'x=http://own http://other/?http://own'), 'x=http://own http://other/?http://own');
  });

  it('finds the URL of a Refresh as browsers do', () => {
    for (const start of ['0;url=', '0; URL = "', "1.5,url='", '5 ', '3;']) {
      assert.equal(replaced('refresh', `${start}http://own/?http://own`), `${start}http://new/?http://own`);
      assert.equal(replaced('refresh', `${start}http://own'`), `${start}http://new'`);
    }
  });

  it('takes time linear in the length of the value', () => {
    const syntaxes: UrlSyntax[] = ['reference', 'refresh', 'bracketed', 'tokens'];
    for (const syntax of syntaxes) {
      for (const piece of ['<', '(', '"', ' ', '//', 'http://', '<http://', ';url=', '0.', "'"]) {
        const value = `${piece.repeat(100_000)}//`;
        const looked = new Set<string>();
        replaceOrigins(syntax, value, (_, authority) => {
          looked.add(authority);
          return undefined;
        });
        assert.ok(looked.size <= 1, `${syntax} of ${piece}`); // a quadratic search would not end within the test
      }
    }
  });
});
