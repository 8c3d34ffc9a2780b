/** The agents that are signed in as a person: seen and signed out by that person only, on the page and by the API. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiOf } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';
import { discover, signIn } from '../../support/oauth-client.js';

interface Agent {
  readonly id: string;
  readonly machine: string;
}

describe('the agents signed in as a person', () => {
  const { world } = inWorld({ manyAddresses: true, edgeEnv: { POSTERN_AGENTS: '@acme.com' } });

  test('are listed to that person, and lose their links when they are signed out', async () => {
    const config = await discover(world);
    const tokens = await signIn(world, 'ana', config);
    const other = await signIn(world, 'ana', config);
    const bobs = await signIn(world, 'bob', config);
    const [api, bob] = [await apiOf(world, tokens.access_token), await apiOf(world, bobs.access_token)];
    const listed = async () => (await api('GET', '/agents')).body['agents'] as Agent[];
    const [latest, first] = await listed();
    assert.deepEqual([latest?.machine, first?.machine], ['test-machine', 'test-machine']);
    assert.equal((await bob('DELETE', `/agents/${first?.id}`)).status, 404);
    assert.equal((await listed()).length, 2);
    const agent = await world.offer({ name: 'anas', token: other.access_token });
    await agent.record((line) => line['event'] === 'online');
    const ana = await world.signedIn('ana');
    const page = await ana.open(`${world.base}/agents`);
    assert.match(page.text, /test-machine<span>signed in/);
    assert.equal((await api('DELETE', `/agents/${latest?.id}`)).status, 204);
    assert.equal((await agent.exited).code, 4);
    assert.equal((await listed()).length, 1);
    const left = await ana.press(await ana.open(`${world.base}/agents`));
    assert.match(left.text, /No agent is signed in as you/);
    assert.equal((await api('GET', '/agents')).status, 401);
  });
});
