/** The pages of the project lead to each other: each relative link resolves, its anchor too, and README leads to every page. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { PROJECT_ROOT } from '../support/project-root.js';

const pages = ['.', 'docs', 'config', 'src', 'test'].flatMap(pagesIn);

describe('the links of the pages', () => {
  test('were found', () => assert.ok(pages.length > 12, `${pages}`));

  for (const page of pages) {
    const text = readFileSync(join(PROJECT_ROOT, page), 'utf8');
    test(`resolve in ${page}`, () => {
      assert.deepEqual(
        linksOf(text).filter((link) => !resolves(page, link)),
        [],
      );
    });
  }

  test('lead from README to each page of docs', () => {
    const links = linksOf(readFileSync(join(PROJECT_ROOT, 'README.md'), 'utf8'));
    assert.deepEqual(
      pages.filter((page) => page.startsWith('docs/') && !links.includes(page)),
      [],
    );
  });

  test('and the paths that a page names exist', () => {
    const named = pages
      .filter((page) => page !== 'CHANGELOG.md') // which is history
      .flatMap((page) => {
        const text = readFileSync(join(PROJECT_ROOT, page), 'utf8');
        return [...text.matchAll(/`((?:src|test|docs|config)\/[\w./-]*)`/g)].map(([, path = '']) => ({ page, path }));
      });
    assert.ok(named.length > 40, `${named.length} paths`);
    assert.deepEqual(
      named.filter(({ path }) => !existsSync(join(PROJECT_ROOT, path))),
      [],
    );
  });

  test('lead from the sources to pages that exist', () => {
    const named = ['src', 'test', 'config'].flatMap(filesBelow).flatMap((path) => {
      const names = readFileSync(join(PROJECT_ROOT, path), 'utf8').match(/\bdocs\/[\w-]+\.md\b/g) ?? [];
      return names.map((name) => ({ path, name }));
    });
    assert.ok(named.length > 5, 'no source names a page');
    assert.deepEqual(
      named.filter(({ name }) => !existsSync(join(PROJECT_ROOT, name))),
      [],
    );
  });
});

describe('the check of links', () => {
  const broken = ['nowhere.md', '#no-such-section', 'docs/budgets.md#no-such-section', 'src/errors.ts#L1', '/etc'];
  for (const link of broken) {
    test(`refuses ${link}`, () => assert.equal(resolves('README.md', link), false));
  }

  test('reads links in text and across lines, and none in code', () => {
    const text = '[a](b.md) [c\nd](e.md#f) `[g](h.md)`\n```\n[i](j.md)\n```\n[k](https://acme.com)';
    assert.deepEqual(linksOf(text), ['b.md', 'e.md#f']);
  });

  test('names a section as GitHub does', () => {
    assert.deepEqual(anchorsOf("# The agent's file\n## `Host`, and more\n```\n# code\n```\n## Again\n## Again"), [
      'the-agents-file',
      'host-and-more',
      'again',
      'again-1',
    ]);
  });
});

/** The pages of a folder of the repository, with those below it unless it is the root. */
function pagesIn(folder: string): string[] {
  if (folder === '.') return readdirSync(PROJECT_ROOT).filter((name) => name.endsWith('.md'));
  return filesBelow(folder).filter((name) => name.endsWith('.md'));
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(PROJECT_ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(PROJECT_ROOT, join(entry.parentPath ?? entry.path, entry.name)));
}

/** The targets of a page's links, without those to other hosts. */
function linksOf(text: string): string[] {
  const prose = withoutFences(text).replaceAll(/`[^`\n]*`/g, 'code');
  const targets = [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^(?:https?|mailto):/.test(target));
}

function resolves(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (path.startsWith('/') || target.startsWith('..') || !existsSync(join(PROJECT_ROOT, target))) return false;
  if (anchor === undefined) return true;
  return target.endsWith('.md') && anchorsOf(readFileSync(join(PROJECT_ROOT, target), 'utf8')).includes(anchor);
}

function anchorsOf(text: string): string[] {
  const counts = new Map<string, number>();
  return [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

function withoutFences(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '');
}
