import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { ownName } from '../../../../src/cli/process/own-name.js';
import { createToken } from '../../../../src/link/token.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const SECRET = 'a secret of thirty-two bytes or more';
const root = temporaryFolder('own-name');
const folder = (name: string, manifest?: string) => {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  if (manifest !== undefined) writeFileSync(join(path, 'package.json'), manifest);
  return path;
};
const token = (...tunnels: string[]) => createToken([SECRET], { owner: 'ana@acme.com', tunnels, ttlMs: 60_000 });

it('is that of the package, else of the directory', async () => {
  const any = await token('*');
  assert.equal(ownName(folder('one', '{"name":"@acme/shop"}'), any), 'shop-ana');
  for (const [at, manifest] of [undefined, '{}', '{"name":""}', '{"name":7}', 'null', '{"name":', ''].entries())
    assert.equal(ownName(folder(`Two ${at}`, manifest), any), `two-${at}-ana`, manifest);
  assert.equal(ownName(folder('three', `{"name":"shop"}${' '.repeat(1_048_576)}`), any), 'three-ana');
  assert.equal(ownName('/', any), 'ana');
});

it('is none where the token does not permit it, or is no token', async () => {
  const path = folder('shop');
  assert.equal(ownName(path, await token('demo')), undefined);
  assert.equal(ownName(path, await token('demo', 'dev-*')), undefined);
  assert.equal(ownName(path, await token('demo', 'shop-*')), 'shop-ana');
  assert.equal(ownName(path, await token('shop-ana')), 'shop-ana');
  for (const wrong of [
    '',
    'postern_x',
    'a.b.c',
    'a.bnVsbA.c',
    `a.${Buffer.from('{"sub":"x"}').toString('base64url')}.c`,
  ])
    assert.equal(ownName(path, wrong), undefined, wrong);
});
