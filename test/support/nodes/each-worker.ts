/** Visitors of several edges of several workers, each on a connection to one of these processes. */
import { randomBytes, randomInt } from 'node:crypto';
import { until } from '../admin.js';
import type { Visitor } from '../visitor.js';
import type { Nodes, TestNode } from './nodes.js';

/** Where a connection is. */
export interface At {
  readonly node: TestNode;
  readonly worker: number;
  readonly visitor: Visitor;
}

/** One visitor with a connection to each worker of each edge: HAProxy and the supervisors hand them out in turn. */
export async function atEach(nodes: Nodes, account: string, workers: number): Promise<readonly At[]> {
  const { world } = nodes;
  const { jar } = await world.signedIn(account);
  const found = new Map<string, At>();
  while (found.size < nodes.all.length * workers) {
    // By chance one more, so that nothing in a round keeps all of them at some.
    if (randomInt(2) === 1) await world.visitor().bare(`${world.url}/`);
    const visitor = world.visitor(jar);
    const path = `/${randomBytes(6).toString('hex')}`;
    await visitor.fetch(`${world.url}${path}`);
    const at = await whereIs(nodes, path);
    found.set(`${at.node.port} ${at.worker}`, { ...at, visitor });
  }
  return [...found.values()];
}

/** Where the request for a path came in. */
async function whereIs(nodes: Nodes, path: string): Promise<Omit<At, 'visitor'>> {
  let at: Omit<At, 'visitor'> | undefined;
  await until(async () => {
    for (const node of nodes.all) {
      const line = node.program.records().find((one) => one['msg'] === 'request' && one['path'] === path);
      if (line !== undefined) at = { node, worker: line['worker'] as number };
    }
    return at !== undefined;
  });
  return at as Omit<At, 'visitor'>; // until() resolves once it is there
}
