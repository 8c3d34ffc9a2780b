/** The source tree obeys the design, and the checks that say so can fail. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, test } from 'node:test';
import { findViolations, type Rules, type Sources } from './support/architecture.js';
import { PROJECT_ROOT } from './support/project-root.js';
import { ROOMS } from './support/rooms.js';

const RULES: Rules = {
  rooms: ROOMS,
  owners: {
    express: /^edge\/(?:routes|api|portal)\//,
    'openid-client': /^(?:auth\/providers\/|cli\/process\/oauth-client\.ts$)/,
    vite: /^integrations\/vite\.ts$/,
    open: /^cli\/process\/browser\.ts$/,
    ws: /^(link|edge)\//,
    fzstd: /^agent\/inspector\/zstd\.ts$/,
    jose: /^(auth\/|link\/token\.ts$|edge\/acme\/|integrations\/verify\.ts$)/,
    '@peculiar/x509': /^edge\/acme\/x509\.ts$/,
    'reflect-metadata': /^edge\/acme\/x509\.ts$/,
    commander: /^cli\//,
    'eventsource-parser': /^cli\/process\/tunnel-events\.ts$/,
    'string-width': /^cli\/output\/fit\.ts$/,
    uqr: /^cli\/output\/qr-code\.ts$/,
    preact: /^agent\/inspector\/web\//,
    '@preact/signals': /^agent\/inspector\/web\//,
    yaml: /^config\//,
    cookie: /^auth\/session\/cookies\.ts$/,
    'rate-limiter-flexible': /^edge\//,
    ioredis: /^store\/redis\//,
    'lru-cache': /^auth\//,
    'node:http2': /^$/, // nowhere: a peer for tests only
    // Of the edge only what speaks HTTP/1.1, to visitors or to the host of a document: everything else works with a visit.
    'node:http':
      /^(?:edge\/visitors\/(?:http1\/|pages\.ts$|visit-of\.ts$)|edge\/ops\/admin-server\.ts$|edge\/clients\/document-fetch\.ts$|agent\/|cli\/|http1\/|link\/|integrations\/)/,
    'node:process': /^cli\//,
    'node:console': /^cli\//,
  },
  single: ['rate-limiter-flexible', 'cookie'],
  // Options, files and a table; claims, where any white space at an end is refused; bodies that dev servers write; the page.
  unicodeSpace:
    /^(?:cli\/|config\/|edge\/agents\/revoked-tokens\.ts|http2\/hpack\/huffman-code\.ts|auth\/identity\/identity\.ts|agent\/target\/(?:host|origin)-refusals\.ts|agent\/inspector\/web\/)/,
};

const TOP_LEVEL = [
  'SECURITY.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'biome.json',
  'config',
  'deploy',
  'docs',
  'examples',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
];

// What a build, an install and a test run leave behind, which git ignores.
const LEFTOVERS = ['dist', 'node_modules', 'screenshots'];

describe('the source tree', () => {
  const sources = readSources(join(PROJECT_ROOT, 'src'));

  test('obeys the rules of the rooms, of the dependencies and of the language', () => {
    assert.ok(Object.keys(sources).length > 20, 'the sources were not found');
    assert.deepEqual(findViolations(sources, RULES), []);
  });

  test('begins every file with what it is responsible for', () => {
    const silent = Object.entries(sources).filter(([, source]) => !/^(#!.*\n)?\/\*\*/.test(source));
    assert.deepEqual(
      silent.map(([path]) => path),
      [],
    );
  });

  test('has an owner for every dependency', () => {
    const manifest = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { dependencies: object };
    assert.deepEqual(
      Object.keys(manifest.dependencies).filter((name) => !Object.hasOwn(RULES.owners, name)),
      [],
    );
  });

  test('keeps the top level short', () => {
    const found = readdirSync(PROJECT_ROOT).filter(
      (name) => !name.startsWith('.') && !/\.(log|cpuprofile)$/.test(name),
    );
    const expected = [...TOP_LEVEL, ...LEFTOVERS];
    assert.deepEqual(
      found.filter((name) => !expected.includes(name)),
      [],
    );
  });
});

describe('the checks', () => {
  const broken: readonly (readonly [name: string, sources: Sources, violation: RegExp])[] = [
    ['an upward import', { 'core/a.ts': "import { b } from '../auth/b.js';" }, /core may not import from auth/],
    ['a sideways import', { 'edge/a.ts': "export { b } from '../agent/b.js';" }, /edge may not import from agent/],
    ['a type import', { 'link/a.ts': "import type { B } from '../auth/b.js';" }, /link may not import from auth/],
    ['a type in place', { 'link/a.ts': "type B = import('../auth/b.js').B;" }, /link may not import from auth/],
    ['an import inside a template', { 'link/a.ts': `const a = \`\${await import('../auth/b.js')}\`;` }, /from auth/],
    ['a new room', { 'utils/a.ts': "import '../core/b.js';" }, /does not name: utils/],
    [
      'an import against the order of the wings',
      { 'edge/gate/a.ts': "import { b } from '../visitors/b.js';" },
      /gate \(the decision.*may not; .*visitors \(how requests arrive/,
    ],
    [
      'a wing that imports what composes it',
      { 'http2/flow/a.ts': "import { b } from '../connection.js';" },
      /imports from connection.ts: flow/,
    ],
    [
      'another wing than the one of a room that may be imported',
      { 'integrations/a.ts': "import { b } from '../cli/commands/b.js';" },
      /integrations may not import from cli/,
    ],
    ['a new wing', { 'edge/utils/a.ts': "import '../gate/b.js';" }, /does not name: utils; .*forward \(an admitted/],
    ['an import from outside', { 'core/a.ts': "import '../../test/b.js';" }, /outside src/],
    [
      'a cycle',
      { 'core/a.ts': "import './b.js';", 'core/b.ts': "import type { A } from './a.js';" },
      /a.ts -> core\/b.ts -> /,
    ],
    ['a package elsewhere', { 'edge/gate/gate.ts': "import express from 'express';" }, /express, which belongs to/],
    ['a package below a path', { 'edge/gate/gate.ts': "import 'yaml/util';" }, /yaml, which belongs to/],
    [
      'HTTP/2 outside the link',
      { 'agent/a.ts': "import { connect } from 'node:http2';" },
      /node:http2, which belongs to/,
    ],
    [
      'node:http in the middle of the edge',
      { 'edge/gate/a.ts': "import type { IncomingMessage } from 'node:http';" },
      /node:http, which belongs/,
    ],
    [
      'a package that is required elsewhere',
      { 'agent/a.ts': "const a = createRequire(import.meta.url)('express') as A;" },
      /express, which belongs to/,
    ],
    [
      'a require that may be of any package',
      { 'link/a.ts': 'const require = createRequire(import.meta.url);' },
      /createRequire, which has no owner/,
    ],
    ['a package of nobody', { 'core/a.ts': "import leftpad from 'left-pad';" }, /left-pad, which has no owner/],
    [
      'two owners of a single package',
      { 'edge/a.ts': "import 'rate-limiter-flexible';", 'edge/b.ts': "import 'rate-limiter-flexible';" },
      /expected one file/,
    ],
    ['any', { 'core/a.ts': 'export const a = (b: any) => b;' }, /says any/],
    ['an enum', { 'core/a.ts': 'export const enum A { b }' }, /has an enum/],
    ['a default export', { 'core/a.ts': 'export default 1;' }, /default export/],
    ['a default export by another name', { 'core/a.ts': 'const a = 1; export { a as default };' }, /default export/],
    ['the environment', { 'config/a.ts': 'export const a = process.env.A;' }, /process\.env outside cli/],
    ['a taken process', { 'config/a.ts': 'const { env } = process;' }, /process around outside cli/],
    ['an exit', { 'edge/a.ts': 'if (bad) process.exit(1);' }, /process\.exit outside cli/],
    ['console', { 'edge/a.ts': 'console.log(1);' }, /console outside cli/],
    ['a trim', { 'edge/a.ts': 'export const a = (b: string) => b.trim();' }, /white space/],
    ['a trim handed on', { 'auth/a.ts': 'export const a = (b?: string) => b?.trimEnd();' }, /white space/],
    ['white space in an expression', { 'auth/a.ts': 'export const a = /^[\\s=]+/;' }, /white space/],
    ['white space in a text', { 'auth/a.ts': "export const a = new RegExp('\\\\s');" }, /white space/],
  ];
  for (const [name, sources, violation] of broken) {
    test(`find ${name}`, () => {
      assert.match(findViolations(sources, RULES).join('\n'), violation);
    });
  }

  test('permit the one wing of another room that a room may import', () => {
    const source = "import { b } from '../cli/process/b.js';";
    assert.deepEqual(findViolations({ 'integrations/a.ts': source }, RULES), []);
  });

  test('are quiet about prose, strings, regular expressions and members of these names', () => {
    const source = `/** import '../auth/b.js', any enum */
      import { a } from './b.js'; // from '../edge/a.js'
      export const text = "import '../auth/b.js'" + \`from '../auth/b.js' \${a}\`;
      export const ratio = (a / 2) / 3, pattern = /['"\`/]any/.test(text), mixed = AbortSignal.any([]);
      export const from = { process: a.process, env: 1 };
      process.nextTick(a.console.log);`;
    assert.deepEqual(findViolations({ 'core/a.ts': source }, RULES), []);
  });
});

function readSources(folder: string): Sources {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const named = paths.map((path) => [relative(folder, join(folder, path)).split(sep).join('/'), join(folder, path)]);
  return Object.fromEntries(named.map(([name = '', path = '']) => [name, readFileSync(path, 'utf8')]));
}
