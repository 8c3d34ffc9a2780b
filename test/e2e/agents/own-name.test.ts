/** An agent that was given no name has one of its own: of its folder and its owner, the same tomorrow. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { POSTERN, Program } from '../../support/processes.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('a tunnel without --name', () => {
  const { world } = inWorld({ shared: true });
  const cwd = join(temporaryFolder('project'), 'Some Folder');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), '{"name":"@acme/shop"}');

  /** The records of an agent that starts in the folder, until it is online; then it ends. */
  async function started(token: string) {
    const agent = new Program({
      ...{ name: 'agent without a name', script: POSTERN, cwd, env: { POSTERN_TOKEN: token } },
      args: ['http', world.target.url, '--edge', world.base, '--json'],
    });
    await agent.record(({ event }) => event === 'online');
    const records = agent.records();
    await agent.terminate();
    return records;
  }
  const urlIn = (records: Awaited<ReturnType<typeof started>>) =>
    records.find(({ event }) => event === 'online')?.['url'];

  test('is named after the package and the owner, whenever it starts, and says so', async () => {
    const token = await world.token({ owner: 'ana.lee@acme.com', tunnels: '*' });
    for (const records of [await started(token), await started(token)]) {
      assert.equal(urlIn(records), world.urlOf('shop-ana-lee'));
      const hint = records.find(({ message }) => String(message).includes('after this folder'));
      assert.match(
        String(hint?.['message']),
        /^named shop-ana-lee after this folder and you: --name chooses another\.$/,
      );
    }
    assert.equal(
      urlIn(await started(await world.token({ owner: 'bob@acme.com', tunnels: '*' }))),
      world.urlOf('shop-bob'),
    );
  });

  test('has the first plain name of a token that permits no such name', async () => {
    const records = await started(await world.token({ tunnels: 'dev-*,plain' }));
    assert.equal(urlIn(records), world.urlOf('plain'));
    assert.ok(!records.some(({ message }) => String(message).includes('after this folder')));
  });
});
