/** Every command line of `postern` in the pages exists: the command, its subcommand, each flag, and whether that takes a value. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Node, readTree } from '../../src/cli/completion/tree.js';
import { createWholeProgram } from '../../src/cli/program.js';
import { PROJECT_ROOT } from '../support/project-root.js';

const DOCS = readdirSync(join(PROJECT_ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const PAGES = ['README.md', 'CONTRIBUTING.md', ...DOCS.map((page) => join('docs', page))];

// A target, or the tunnel of the examples: short for `postern http`.
const TARGET = /^(?:\d+|https?:\/\/\S+|\S+:\d+|demo)$/;

// Lines of other tunnels, which are answered with the line to type instead.
const FOREIGN = new Set(['http 8080 --oauth-allow-domain acme.com', 'tunnel --url']);

let tree: readonly Node[] = [];
const node = (path: string) => tree.find((each) => each.path === path);

/** The words behind `postern` in each command line of a page: in fenced blocks and in code within sentences. */
function commandLines(text: string): string[][] {
  const fenced = [...text.matchAll(/^```.*\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').split('\n'),
  );
  const inline = [...text.replace(/^```.*\n[\s\S]*?^```/gm, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) =>
    code.replace(/\s+/g, ' '),
  );
  return [...fenced, ...inline].flatMap((line) => {
    const command = /(?:^|&& |<\(|ExecStart=\/usr\/local\/bin\/)\s*(?:sudo )?postern (.*)$/.exec(line)?.[1];
    return command === undefined ? [] : alternatives(wordsOf(command));
  });
}

/** As a shell splits them, without brackets of what may be left out, up to the end of the command. */
function wordsOf(line: string): string[] {
  const [command = ''] = line.split(/ (?:#|&&|>|\|) |\)|;/, 1);
  const words = command.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words
    .map((word) => word.replace(/^\[|\]$/g, '').replace(/['"]/g, ''))
    .filter((word) => word !== '…' && word !== '');
}

/** `allow|deny` is either. */
function alternatives([first, ...others]: readonly string[]): string[][] {
  if (first === undefined) return [[]];
  const firsts = /^[\w-]+(?:\|[\w-]+)+$/.test(first) ? first.split('|') : [first];
  return alternatives(others).flatMap((rest) => firsts.map((word) => [word, ...rest]));
}

/** What is wrong with a command line. */
function faultOf(words: readonly string[]): string | undefined {
  const [first = '', ...others] = words;
  if (FOREIGN.has(words.join(' '))) return undefined;
  if (first === '' || first === 'help' || first.startsWith('-')) return undefined;
  if (node(`/${first}`) === undefined)
    return TARGET.test(first) ? faultIn('/http', others) : `there is no command ${first}`;
  const [second = ''] = others;
  const nested = node(`/${first}/${second}`);
  return nested === undefined ? faultIn(`/${first}`, others) : faultIn(nested.path, others.slice(1));
}

function faultIn(path: string, words: readonly string[]): string | undefined {
  const { flags = [], argument, subcommands = [] } = node(path) ?? {};
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--' && argument !== undefined) return undefined; // another command line follows
    if (!word.startsWith('-') || word === '-') {
      if (argument === undefined && subcommands.length > 0) return `${path} has no subcommand ${word}`;
      if (argument === undefined) return `${path} takes no argument ${word}`;
      continue;
    }
    const [name = '', joined] = word.split(/=(.*)/);
    const flag = flags.find((each) => each.name === name || each.short === name);
    if (flag === undefined) return `${path} has no flag ${name}`;
    if (flag.values === undefined && joined !== undefined) return `${name} of ${path} takes no value`;
    if (flag.values !== undefined && joined === undefined) at += 1;
  }
  return undefined;
}

describe('the command lines of the pages', () => {
  before(async () => {
    tree = readTree(await createWholeProgram());
  });

  test('are found', () => {
    assert.deepEqual(
      commandLines('x `postern knocks allow|deny ID`\n```\npostern a --b \\\n  "c d" # e\nother\n```\n'),
      [
        ['a', '--b', 'c d'],
        ['knocks', 'allow', 'ID'],
        ['knocks', 'deny', 'ID'],
      ],
    );
  });

  test('that do not exist are told', () => {
    for (const line of ['nope', 'http 5173 --nope', 'knocks nope', 'doctor --json=1', 'config check x'])
      assert.notEqual(faultOf(line.split(' ')), undefined, line);
    for (const line of ['5173', 'demo --name x', 'http 5173 --allow @acme.com', 'token list', '--version'])
      assert.equal(faultOf(line.split(' ')), undefined, line);
  });

  test('are more than a few', () => {
    const lines = PAGES.flatMap((page) => commandLines(readFileSync(join(PROJECT_ROOT, page), 'utf8')));
    assert.ok(lines.length > 60, `${lines.length} command lines`);
  });

  for (const page of PAGES)
    test(`exist: ${page}`, () => {
      const lines = commandLines(readFileSync(join(PROJECT_ROOT, page), 'utf8'));
      const faults = lines.flatMap((words) => {
        const fault = faultOf(words);
        return fault === undefined ? [] : [`postern ${words.join(' ')}: ${fault}`];
      });
      assert.deepEqual(faults, []);
    });
});
