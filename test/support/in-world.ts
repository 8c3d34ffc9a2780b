/**
 * A world for the tests of a `describe`: `inWorld` registers its start before the first of them and its end behind the
 * last, and gives what they use at once. Hooks that the `describe` registers after it find the world started; outside of
 * every `describe` they would run beside it. A browser comes the same way (`inBrowser`), after the world whose pages it
 * shows.
 */
import { after, before } from 'node:test';
import { type BrowserOptions, TestBrowser } from './browser.js';
import type { Visitor } from './visitor.js';
import { World } from './world.js';
import type { WorldOptions } from './world-options.js';

export interface InWorldOptions extends WorldOptions {
  /** Other tests of the process use the world too, which leave it as they found it: running, with no agent of theirs whose name another uses. */
  readonly shared?: true;
  /** The account with which the visitor is signed in to the tunnel; without one the visitor is a stranger. */
  readonly as?: string;
}

/** Its members are what their names say from the first test (or later hook) on, and not before. */
export interface InWorld {
  readonly world: World;
  readonly visitor: Visitor;
}

export function inWorld({ as, shared, ...options }: InWorldOptions = {}): InWorld {
  const lease = shared ? leaseOf(options) : { world: new World(options), users: 1, started: undefined };
  const { world } = lease;
  const visitor = world.visitor();
  before(async () => {
    lease.started ??= world.start();
    await lease.started;
    await world.target.forget();
    if (as !== undefined) await world.signIn(visitor, as);
  });
  after(async () => {
    lease.users -= 1;
    visitor.close();
    if (lease.users === 0) await world.close();
  });
  return { world, visitor };
}

/** A world, and for how many tests of this process it has still to be there. */
interface Lease {
  readonly world: World;
  users: number;
  started: Promise<void> | undefined;
}

const leases = new Map<string, Lease>();

// What is no value (a function) makes a world that nobody shares.
function leaseOf(options: WorldOptions): Lease {
  const key = JSON.stringify(options);
  const found = leases.get(key);
  const lease = found && found.users > 0 ? found : { world: new World(options), users: 0, started: undefined };
  leases.set(key, lease);
  lease.users += 1;
  return lease;
}

/** Chromium, started before the first test and closed behind the last. */
export function inBrowser(options: BrowserOptions = {}): TestBrowser {
  const browser = new TestBrowser(options);
  before(() => browser.start());
  after(() => browser.close());
  return browser;
}
