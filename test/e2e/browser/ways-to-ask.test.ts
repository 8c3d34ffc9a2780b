/**
 * In a real browser: two tunnels of one edge that do not trust each other, and a visitor who is signed in to both. What
 * the pages of one make her browser ask of the other, by every way that a page has. On https, where tunnels are the same
 * site and the browser says who asks.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserMissing, dismiss } from '../../support/browser.js';
import { BrowserWorld, html } from '../../support/browser-world.js';
import { WAYS_TO_ASK } from '../../support/ways-to-ask.js';
import type { World } from '../../support/world.js';

const skip = browserMissing();

describe('a sibling’s page', { skip }, () => {
  let tunnels: BrowserWorld;
  let world: World;
  let sibling: string;
  let page: Page;

  before(async () => {
    tunnels = await BrowserWorld.start();
    ({ world } = tunnels);
    sibling = world.urlOf('dev-two');
    await world.startAgent({ name: 'dev-two' });
    page = await tunnels.signedIn('dev-two');
  });
  after(async () => {
    await tunnels?.close();
  });

  let attempts = 0;

  // A tab costs more than what is asked in it. One of its own has what leads away from its page or works on behind it.
  const needsOwnTab = (what: string) => /form|service worker|speculation/.test(what);

  for (const [what, attack] of Object.entries(WAYS_TO_ASK)) {
    test(`P4 reaches no other tunnel as the visitor by ${what}`, async () => {
      const path = `/attack-${attempts++}`;
      const tab = needsOwnTab(what) ? await page.context().newPage() : page;
      await tab.goto(html(sibling, '<p>hostile</p>'));
      const mark = world.edge.mark();
      await tab.evaluate(attack(`${world.url}${path}`));
      const line = await tunnels.answered(path, mark);
      if (tab !== page) dismiss(tab);
      assert.deepEqual([line['status'], line['code']], [403, 'ERR_CROSS_SITE']);
      assert.deepEqual(await tunnels.reached(path), []);
    });
  }

  test('P4 reads in the refusal the code, and the same with a session, without one and where there is no tunnel', async () => {
    const ask = (url: string) =>
      page.evaluate(`fetch('${url}', { credentials: 'include' }).then(async (answer) => {
        const { error } = await answer.json();
        return JSON.stringify([answer.status, error.code, error.message, error.retryable, [...answer.headers.keys()]]);
      })`);
    await page.goto(html(sibling, ''));
    const withSession = await ask(`${world.url}/x`);
    assert.match(String(withSession), /^\[403,"ERR_CROSS_SITE"/);
    assert.equal(await ask(`${world.urlOf('dev-nobody')}/x`), withSession);
    for (const path of ['/.postern/userinfo']) assert.equal(await ask(`${world.url}${path}`), withSession);
    assert.equal(await ask(`${world.base}/`), withSession);
    assert.equal(await ask(`${world.base}/oauth2/userinfo`), withSession);
    await page.context().clearCookies({ domain: new URL(world.url).hostname });
    await page.context().clearCookies({ domain: new URL(world.base).hostname });
    assert.equal(await ask(`${world.url}/x`), withSession);
    assert.equal(await ask(`${world.base}/`), withSession);
    assert.equal(await ask(`${world.base}/oauth2/userinfo`), withSession);
    page = await tunnels.signedIn('dev-two');
  });
});
