/**
 * docs/security.md ends with a table: each threat by its id, what is promised, and the test that holds it or the reason
 * why there is none. Here the table is held to the tests, and the tests to their files.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PROJECT_ROOT } from '../support/project-root.js';

// Suites of what people do, which prove a row here and there without its id in the title.
const NOT_ABOUT_THREATS: ReadonlySet<string> = new Set([
  'e2e/agent-sign-in/flows.test.ts',
  'e2e/agents/drain.test.ts',
  'e2e/browser/vite.test.ts',
  'e2e/faults/processes.test.ts',
  'e2e/gate/decision.test.ts',
  'e2e/gate/tunnel-names.test.ts',
  'e2e/websockets/messages.test.ts',
]);

// How many threats there are under each letter.
const THREATS: Readonly<Record<string, number>> = {
  A: 10,
  B: 29,
  C: 18,
  D: 20,
  E: 17,
  F: 15,
  G: 11,
  H: 13,
  I: 31,
  J: 13,
  K: 18,
  L: 16,
  M: 8,
  N: 19,
  O: 3,
  P: 20,
  Q: 8,
  R: 13,
  S: 6,
  T: 3,
  U: 4,
  V: 6,
  W: 4,
  X: 16,
  Y: 28,
  Z: 32,
};
const IDS = Object.entries(THREATS).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, at) => `${letter}${at + 1}`),
);

interface Row {
  readonly id: string;
  readonly promise: string;
  readonly proof: string;
}

const rows: readonly Row[] = readFileSync(join(PROJECT_ROOT, 'docs', 'security.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, id = '', promise = '', proof = ''] = /^\| ([A-Z]\d+) \| (.*?) \| (.*) \|$/.exec(line) ?? [];
    return id === '' ? [] : [{ id, promise, proof }];
  });

const PROMISES = /^## What (?:the edge|a visitor|a target|an agent|a sibling)[^\n]*\n(.*?)(?=^## )/gms;

describe('the promises of docs/security.md', () => {
  const text = readFileSync(join(PROJECT_ROOT, 'docs', 'security.md'), 'utf8');
  const promises = [...text.matchAll(PROMISES)].flatMap(([, section = '']) => section.split(/^- /m).slice(1));

  test('were found', () => assert.ok(promises.length > 20, `${promises.length} promises`));

  test('and all else that is said name only rows that exist', () => {
    const [prose = ''] = text.split('## The threats');
    const ids = [...prose.matchAll(/\[([A-Z]\d+(?:,\s+[A-Z]\d+)*)\]/g)].flatMap(([, list = '']) => list.split(/,\s+/));
    assert.ok(ids.length > 50, `${ids.length} ids`);
    assert.deepEqual(
      ids.filter((id) => !IDS.includes(id)),
      [],
    );
  });

  for (const promise of promises) {
    test(`end with the rows that hold them: ${promise.slice(0, 50).replaceAll('\n', ' ')}`, () => {
      const ids = /\[([A-Z]\d+(?:,\s+[A-Z]\d+)*)\]\s*$/.exec(promise)?.[1]?.split(/,\s+/) ?? [];
      assert.ok(ids.length > 0, 'it names no row');
      for (const id of ids) assert.ok(IDS.includes(id), `there is no row ${id}`);
    });
  }
});

describe('docs/security.md', () => {
  test('has one row for each threat, in order, each with a promise', () => {
    assert.deepEqual(
      rows.map(({ id }) => id),
      IDS,
    );
    for (const { id, promise } of rows) assert.ok(promise.length > 10, `${id} promises nothing`);
  });

  for (const { id, proof } of rows) {
    test(`names for ${id} a test that exists, or a reason`, () => {
      const named = testsOf(proof);
      if (named.length === 0) assert.match(proof, /\w.{30,}/, 'a reason is a sentence');
      for (const { file, start } of named) {
        const path = join(PROJECT_ROOT, 'test', file);
        assert.ok(existsSync(path), `${file} is not below test/`);
        const source = readFileSync(path, 'utf8');
        assert.ok(
          titlesOf(source).some((title) => beginsWith(title, start, source)) || stands(source, start),
          `${file} has no test that begins with ${JSON.stringify(start)}`,
        );
        if (file.startsWith('e2e/') && !NOT_ABOUT_THREATS.has(file))
          assert.ok(IDS.includes(start.split(' ')[0] ?? ''), `${start} has no id in front`);
      }
    });
  }
});

describe('the tests of the threats', () => {
  const folder = join(PROJECT_ROOT, 'test', 'e2e');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  const titles = files.flatMap((name) =>
    titlesOf(readFileSync(join(folder, name), 'utf8')).map((title) => ({ name, title })),
  );

  test('have only ids of the table in front', () => {
    for (const { name, title } of titles) {
      assert.ok(isWithoutId(title) || IDS.includes(title.split(' ')[0] ?? ''), `${name}: ${title}`);
    }
  });

  for (const letter of Object.keys(THREATS)) {
    test(`are there for ${letter}`, () => {
      assert.ok(titles.some(({ title }) => new RegExp(`^${letter}\\d+ `).test(title)));
    });
  }
});

function isWithoutId(title: string): boolean {
  return !/^[A-Z]\d+ /.test(title);
}

/** The tests that a cell names: `file: start of the name`, separated by `<br>`. */
function testsOf(proof: string): { file: string; start: string }[] {
  return proof.split('<br>').flatMap((entry) => {
    const [, file = '', start = ''] = /^([\w/-]+\.test\.ts): (.+)$/.exec(entry.trim()) ?? [];
    return file === '' ? [] : [{ file, start: start.replaceAll('\\|', '|') }];
  });
}

/** The names of the tests in a source as they stand there; `${…}` in a template stands for whatever it will be. */
function titlesOf(source: string): string[] {
  return [
    ...source.matchAll(/(?<![.\w])(?:test|it)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g),
  ].map(([, single, double, template]) => (single ?? double ?? template ?? '').replace(/\\(.)/g, '$1'));
}

function beginsWith(title: string, start: string, source: string): boolean {
  if (title.startsWith(start)) return true;
  const [first = '', ...others] = title.split(/\$\{[^}]*\}/);
  if (others.length === 0) return false;
  // What stands for a placeholder must be in the file, and what is fixed must agree as far as the start goes.
  if (first !== '') return start.startsWith(first) && source.includes(start.slice(first.length));
  const [second = ''] = others;
  const [id = ''] = start.split(' ');
  return start.slice(id.length).startsWith(second.trimEnd()) && source.includes(`'${id}'`);
}

/** Whether a table of the file holds the whole name of a test, which is then given by a variable. */
function stands(source: string, start: string): boolean {
  return (
    /(?<![.\w])(?:test|it)\((?:\w+,|`\$\{)/.test(source) &&
    ["'", '"', '`'].some((quote) => source.includes(quote + start))
  );
}
