import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Block, PAGE_HEADERS, type Page, type Question, renderPage } from '../../../../src/edge/replies/page.js';

const EVIL = '"><script>alert(1)</script><b a=\'&amp;';

function questionOf(text: string): Question {
  const answers = [{ label: text, field: [text, text], rank: 'main' }] as const;
  const input = { name: text, label: text, maxChars: 9, value: text };
  return { kind: 'question', action: text, fields: [[text, text]], input, answers };
}

function everywhere(text: string): Page {
  const blocks: Block[] = [
    { kind: 'text', text },
    { kind: 'link', label: text, href: text, rank: 'main' },
    { kind: 'button', label: text, action: text },
    { kind: 'list', items: [{ label: text, href: text, note: text }] },
    { kind: 'heading', text, id: text },
    { kind: 'more', label: text, href: text },
    { kind: 'rows', rows: [{ title: text, note: text, about: text, question: questionOf(text) }] },
    questionOf(text),
  ];
  return { title: text, blocks, facts: [[text, text]], reloadAfterSeconds: 3 };
}

/** The tags of a page, without what stands in their attributes. */
function tags(html: string): string[] {
  return [...html.matchAll(/<(\/?[a-z!]+)(?:"[^"]*"|[^">])*>/gi)].map(([, name]) => name as string);
}

describe('a page', () => {
  it('escapes all that goes in, wherever it goes', () => {
    const html = renderPage(everywhere(EVIL));
    assert.ok(!html.includes('<script'));
    assert.ok(!html.includes("a='"));
    assert.deepEqual(tags(html), tags(renderPage(everywhere('harmless'))));
  });

  it('has the same tags whatever the texts are', () => {
    const expected = tags(renderPage(everywhere('x')));
    const text = fc.string({
      unit: fc.constantFrom('<', '>', '"', "'", '&', '/', ' ', '=', 'a', '\n', '\u2028', '`'),
      minLength: 1,
    });
    fc.assert(fc.property(text, (evil) => assert.deepEqual(tags(renderPage(everywhere(evil))), expected)));
  });

  it('shows each text as it is to whoever reads it', () => {
    const html = renderPage({ title: 'a < b & "c"', blocks: [], facts: [] });
    assert.ok(html.includes('<h1>a &lt; b &amp; &quot;c&quot;</h1>'));
  });

  it('permits its own style and nothing else', () => {
    const html = renderPage(everywhere('x'));
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(html) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = PAGE_HEADERS['Content-Security-Policy'] ?? '';
    assert.ok(policy.includes(`style-src 'sha256-${hash}'`));
    assert.ok(policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'"));
    assert.ok(!/ style=| on[a-z]+=|javascript:/i.test(html));
    assert.equal(PAGE_HEADERS['Cache-Control'], 'no-store');
    assert.equal(PAGE_HEADERS['X-Content-Type-Options'], 'nosniff');
    assert.equal(PAGE_HEADERS['Referrer-Policy'], 'no-referrer');
  });

  it('asks again by itself only when told to, in whole seconds', () => {
    const page: Page = { title: 'x', blocks: [], facts: [] };
    assert.ok(!renderPage(page).includes('http-equiv'));
    assert.ok(renderPage({ ...page, reloadAfterSeconds: 2.1 }).includes('content="3"'));
  });

  it('has a language, a title, one heading, and no empty list or row', () => {
    const html = renderPage({ title: 'Gone', blocks: [{ kind: 'text', text: 'It left.' }], facts: [] });
    assert.match(html, /<html lang="en">/);
    assert.match(html, /<title>Gone · Postern<\/title>/);
    assert.equal(html.match(/<h1>/g)?.length, 1);
    assert.doesNotMatch(html, /<ul>|<dl>|class="acts"/);
  });
});
