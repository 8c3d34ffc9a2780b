/** What an operator copies must be what the edge reads: names, order, defaults and descriptions. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadAgentConfig } from '../../../src/config/agent-config.js';
import { TUNNEL_OPTIONS } from '../../../src/config/agent-options.js';
import { loadEdgeConfig } from '../../../src/config/edge-config.js';
import { EDGE_OPTIONS } from '../../../src/config/edge-options.js';
import type { Option } from '../../../src/config/options.js';

interface Block {
  readonly sentence: string;
  readonly active: boolean;
  readonly name: string;
  readonly value: string;
}

const ROWS: readonly (readonly [string, Option])[] = Object.entries(EDGE_OPTIONS);

/** Reads a file of the repository, which is above the compiled test and may be several folders up. */
function readTopLevel(path: string, from = new URL('.', import.meta.url)): string {
  const candidate = new URL(path, from);
  if (existsSync(candidate)) return readFileSync(candidate, 'utf8');
  const above = new URL('..', from);
  assert.notEqual(above.href, from.href, `${path} is in no folder above ${fileURLToPath(import.meta.url)}`);
  return readTopLevel(path, above);
}

function readBlock(text: string): Block {
  const lines = text.trim().split('\n');
  const [, comment, name, value] = /^(#?)([A-Z_]+)=(.*)$/.exec(lines.pop() ?? '') ?? [];
  const sentence = lines.map((line) => line.replace(/^# /, '')).join(' ');
  return { sentence, active: comment === '', name: name ?? '', value: (value ?? '').replace(/^"(.*)"$/, '$1') };
}

describe('.env.example', () => {
  const [, ...blocks] = readTopLevel('.env.example').split('\n\n').map(readBlock);

  it('has the options of the table, in its order', () => {
    assert.deepEqual(
      blocks.map(({ name }) => name),
      ROWS.map(([, { env }]) => env),
    );
  });

  for (const [at, [, option]] of ROWS.entries()) {
    it(`agrees with the table on ${option.env}`, () => {
      assert.equal(blocks[at]?.sentence, option.description);
      assert.equal(blocks[at]?.value, option.default ?? '');
      assert.equal(blocks[at]?.active, option.required !== undefined, 'only what must be filled in stands uncommented');
    });
  }
});

describe('the table of options', () => {
  for (const [key, { env, description: sentence }] of ROWS) {
    it(`has one spelling of ${key}`, () => {
      // The names of OpenTelemetry are those that all its programs share.
      const prefix = key.startsWith('otel_') ? '' : 'POSTERN_';
      assert.equal(env, `${prefix}${key.toUpperCase()}`);
      assert.match(sentence, /^[A-Z].*\.$/);
    });
  }
});

describe('config/edge.yaml', () => {
  it('is accepted unchanged, once the secrets are set', () => {
    const file = { path: 'config/edge.yaml', text: readTopLevel('config/edge.yaml') };
    const env = { POSTERN_SECRET: 'secret k of thirty-two bytes or more', POSTERN_OIDC_CLIENT_SECRET: 'hush' };
    assert.equal(loadEdgeConfig({ env, flags: {}, file }).base.scheme, 'https');
  });
});

describe('config/agent.yaml', () => {
  const file = { path: '/home/ana/config.yaml', text: readTopLevel('config/agent.yaml') };
  const load = (target: string) =>
    loadAgentConfig({ env: {}, flags: { target }, file, readSecretFile: () => 'postern_v1_token' });

  it('is accepted unchanged, with paths relative to its folder', () => {
    assert.deepEqual(load('demo').allow, ['@acme.com', 'group:eng']);
    const { targetCa, targetInsecure, allowFrames } = load('shop');
    assert.deepEqual(
      [targetCa, targetInsecure, allowFrames],
      ['/home/ana/shop-ca.pem', false, ['https://web.acme.com']],
    );
  });

  for (const key of Object.keys(TUNNEL_OPTIONS).filter((key) => key !== 'name')) {
    it(`has ${key}`, () => assert.match(file.text, new RegExp(`^ +${key}s?:`, 'm')));
  }
});

describe('docs/configuration.md', () => {
  const text = readTopLevel('docs/configuration.md');

  it('points to the files that have every option', () => {
    for (const path of ['.env.example', 'config/edge.yaml', 'config/agent.yaml'])
      assert.ok(text.includes(`(../${path})`));
  });
});

describe('the settings of an edge in config/edge.yaml', () => {
  const text = readTopLevel('config/edge.yaml');
  for (const [key, { secret }] of ROWS) {
    it(`have ${key}`, () => {
      assert.match(text, new RegExp(`^(?:# )?${key}${secret === true ? '_file' : ''}:`, 'm'));
    });
  }
});
