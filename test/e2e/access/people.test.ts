/** Who is here, as the owner of a tunnel sees it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { apiOf, readEvents } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';

interface Person {
  readonly email: string;
  readonly rule: string;
  readonly open: number;
}

describe('who is here', () => {
  const { world } = inWorld({ manyAddresses: true });

  test('names those who have come in, with what they have open, and no one who was refused or shut out', async () => {
    const api = await apiOf(world);
    const people = async () => {
      const listed = (await api('GET', '/tunnels/demo/people')).body['people'] as Person[];
      return listed.map(({ email, rule, open }) => [email, rule, open].join(' '));
    };
    assert.deepEqual(await people(), []);
    const events = await readEvents(world, await world.token());
    await events.until(/resync/);
    const ana = await world.signedIn('ana');
    await events.until(/event: people\ndata: .*"email":"ana@acme.com","rule":"@acme.com"/);
    await world.visitor().signIn(`${world.url}/`, 'eve');
    const socket = await ana.socket(`${world.url}/ws`);
    const stream = await ana.stream(`${world.url}/sse?key=people`);
    await world.signedIn('dev');
    assert.deepEqual(await people(), ['ana@acme.com @acme.com 2', 'dev@acme.com owner 0']);
    const closed = once(socket, 'close');
    await api('PUT', '/tunnels/demo/grants/ana%40acme.com', { effect: 'deny' });
    await closed;
    assert.deepEqual(await people(), ['dev@acme.com owner 0']);
    stream.body.destroy();
    events.close();
  });
});
