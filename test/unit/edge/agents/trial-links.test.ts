import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TrialLinks } from '../../../../src/edge/agents/trial-links.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { deferred } from '../../../support/deferred.js';

/** Closes when it is told to. */
function fakeLink() {
  const { promise: closed, resolve } = deferred<undefined>();
  return { closed, destroy: () => resolve(undefined) } as unknown as OutboundLink;
}

describe('TrialLinks', () => {
  it('closes a link after ten seconds, and says once that it has ended', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const link = fakeLink();
    const ended = deferred<void>();
    let isEnded = false;
    new TrialLinks().add(link, () => {
      isEnded = true;
      ended.resolve();
    });
    t.mock.timers.tick(9_999);
    await Promise.resolve();
    assert.equal(isEnded, false);
    t.mock.timers.tick(1);
    await ended.promise;
  });

  it('closes all of them with the edge', async () => {
    const trials = new TrialLinks();
    const links = [fakeLink(), fakeLink()];
    for (const link of links) trials.add(link, () => {});
    trials.destroy();
    await Promise.all(links.map(({ closed }) => closed));
  });
});
