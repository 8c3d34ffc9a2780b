/** The allow rules of the developer's file, edited while the tunnel runs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import type { Program } from '../../support/processes.js';

describe('the rules of the developer’s file', () => {
  const { world } = inWorld({ tunnels: '*' });
  const folder = mkdtempSync(join(tmpdir(), 'postern-rules-'));
  const path = join(folder, 'config.yaml');
  let agent: Program;

  // As editors do it: beside the file, then in its place.
  const save = (allow: string) => {
    writeFileSync(`${path}.new`, `tunnels:\n  shop:\n    target: ${world.target.url}\n    allow: ${allow}\n`);
    renameSync(`${path}.new`, path);
  };

  before(async () => {
    save('["@acme.com"]');
    agent = await world.startAgent({ name: 'shop', targetUrl: 'shop', allow: [], args: ['--config', path] });
  });
  after(() => rmSync(folder, { recursive: true }));

  test('count as soon as they are saved, and end what is open; a mistake changes nothing', async () => {
    const url = world.urlOf('shop');
    const bob = await world.signedIn('bob', `${url}/`);
    const eve = world.visitor();
    await eve.signIn(`${url}/`, 'eve');
    const statuses = async () => [(await bob.fetch(`${url}/`)).status, (await eve.fetch(`${url}/`)).status];
    assert.deepEqual(await statuses(), [200, 403]);
    const closed = once(await bob.socket(`${url}/ws`), 'close');
    save('[eve@elsewhere.test]');
    assert.equal((await closed)[0], 1008);
    assert.deepEqual(await statuses(), [403, 200]);
    const mark = agent.mark();
    save('[eve]');
    await agent.record((line) => String(line['message']).includes('"eve" is not a rule'), mark);
    assert.deepEqual(await statuses(), [403, 200]);
  });
});
