/** Visitors of an edge of two workers, each on a connection to one of them. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Visitor } from './visitor.js';
import type { World } from './world.js';

/** One visitor with a connection to each worker: they come to them in turn. */
export interface Both {
  readonly account: string;
  readonly visitors: ReadonlyMap<number, Visitor>;
}

/** Signs visitors in until each worker has one of them on a connection of its own. */
export async function atBoth(world: World, account: string): Promise<Both> {
  const visitors = new Map<number, Visitor>();
  const { jar } = await world.signedIn(account);
  while (visitors.size < 2) {
    // Connections come to the workers in turn: by chance one more, so that nothing in a round keeps all of them at one worker.
    if (randomInt(2) === 1) await world.visitor().bare(`${world.url}/`);
    const visitor = world.visitor(jar);
    const mark = world.edge.mark();
    const path = `/${randomBytes(6).toString('hex')}`;
    await visitor.fetch(`${world.url}${path}`);
    const { worker } = await world.edge.record((line) => line['msg'] === 'request' && line['path'] === path, mark);
    visitors.set(worker as number, visitor);
  }
  return { account, visitors };
}
