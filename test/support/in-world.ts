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
  /** The account with which the visitor is signed in to the tunnel; without one the visitor is a stranger. */
  readonly as?: string;
}

/** Its members are what their names say from the first test (or later hook) on, and not before. */
export interface InWorld {
  readonly world: World;
  readonly visitor: Visitor;
}

export function inWorld({ as, ...options }: InWorldOptions = {}): InWorld {
  const world = new World(options);
  const visitor = world.visitor();
  before(async () => {
    await world.start();
    if (as !== undefined) await world.signIn(visitor, as);
  });
  after(() => world.close());
  return { world, visitor };
}

/** Chromium, started before the first test and closed behind the last. */
export function inBrowser(options: BrowserOptions = {}): TestBrowser {
  const browser = new TestBrowser(options);
  before(() => browser.start());
  after(() => browser.close());
  return browser;
}
