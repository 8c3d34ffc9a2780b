/**
 * The same cases over each version of HTTP, in one world: what the door, the gate and the forwarder promise does not depend on
 * how a request arrived. What only one version can say stays outside.
 */
import { after, before, describe } from 'node:test';
import type { World } from './world.js';

const VERSIONS = ['HTTP/1.1', 'HTTP/2'] as const;

export type Version = (typeof VERSIONS)[number];

type Spoken = Pick<World, 'speak' | 'target'>;

/**
 * Registers the cases once for each version, below a `describe` whose world is started by then; a function gives one that is made
 * late. The target has forgotten what the cases of the version before did: it satisfies none that waits for the same.
 */
export function overEach(world: Spoken | (() => Spoken), cases: (version: Version) => void): void {
  const spoken = () => (typeof world === 'function' ? world() : world);
  for (const version of VERSIONS) {
    describe(`over ${version}`, () => {
      before(async () => {
        await spoken().speak(version);
        await spoken().target.forget();
      });
      after(() => spoken().speak('HTTP/1.1'));
      cases(version);
    });
  }
}
