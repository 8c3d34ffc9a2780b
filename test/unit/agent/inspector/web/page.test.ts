/** The inspector's page as a whole: what it imports, what it never does, and how large it is when built. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PROJECT_ROOT } from '../../../../support/project-root.js';

const WEB = join(PROJECT_ROOT, 'src/agent/inspector/web');
const BUILT = join(PROJECT_ROOT, '.build/inspector');
const MAX_GZIP_BYTES = 40 * 1024;

const sources = filesBelow(WEB)
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => ({ path: relative(WEB, path), text: readFileSync(path, 'utf8') }));

describe('the sources of the inspector’s page', () => {
  test('import nothing but each other, preact, and what the server shares with them', () => {
    const allowed = ['preact', 'preact/hooks', '@preact/signals', '../wire.js', '../filter.js'];
    const found = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:from|import) '([^']+)'/g)]
        .map(([, to = '']) => (to.startsWith('.') ? join(dirname(path), to) : to))
        .filter((to) => (to.startsWith('..') || !/\.js$/.test(to)) && !allowed.includes(to))
        .map((to) => `${path} imports ${to}`),
    );
    assert.ok(sources.length > 30, 'the sources were not found');
    assert.deepEqual(found, []);
  });

  const FORBIDDEN =
    /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|<iframe|createContextualFragment|DOMParser|\beval\b|new Function|style="|\bany\b(?=[\s]*[;,)>\]])|document\.cookie/;

  test('make no markup and no code of text, keep nothing, and say nothing of any', () => {
    const found = sources.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => (FORBIDDEN.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : [])),
    );
    assert.deepEqual(found, []);
  });

  test('begin with what they are responsible for', () => {
    assert.deepEqual(
      sources.filter(({ text }) => !text.startsWith('/**')).map(({ path }) => path),
      [],
    );
  });
});

describe('the page as it was built', () => {
  const files = filesBelow(BUILT).map((path) => ({ name: relative(BUILT, path), bytes: readFileSync(path) }));
  const page = files.find(({ name }) => name === 'index.html')?.bytes.toString() ?? '';

  test('is one page, one script, one style sheet and one icon, with hashed names', () => {
    const names = files.map(({ name }) => name.replace(/-[\w-]{8}\./, '-HASH.')).sort();
    assert.deepEqual(names, [
      'assets/icon-HASH.svg',
      'assets/index-HASH.css',
      'assets/index-HASH.js',
      'index.html',
      'licenses.md',
    ]);
  });

  test(`is smaller than ${MAX_GZIP_BYTES / 1024} KiB on the way`, () => {
    const sent = files.filter(({ name }) => name !== 'licenses.md');
    const sum = sent.reduce((bytes, file) => bytes + gzipSync(file.bytes, { level: 9 }).length, 0);
    assert.ok(sum < MAX_GZIP_BYTES, `${sum} bytes`);
  });

  test('runs under its policy: no script, style or handler in the page, nothing from elsewhere', () => {
    assert.doesNotMatch(page, /<script>|<style|style=|\son\w+=|javascript:|data:/i);
    const addresses = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = '']) => address);
    assert.ok(addresses.length >= 3 && addresses.every((address) => address.startsWith('/assets/')), addresses.join());
  });

  test('fetches nothing from elsewhere', () => {
    const style = files.find(({ name }) => name.endsWith('.css'))?.bytes.toString() ?? '';
    assert.doesNotMatch(style, /@import|@font-face|url\(/);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
