/** Asking to be let in, as a person sees it: two browsers, a visitor's and nobody's help. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiOf } from '../../support/api.js';
import { browserMissing, screenshot, watch } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';

describe('asking to be let in, in a browser', { skip: browserMissing() }, () => {
  const { world } = inWorld({ shared: true });
  const browser = inBrowser();

  for (const [scheme, width] of [
    ['light', 1200],
    ['dark', 360],
  ] as const) {
    test(`the page opens the app by itself once the owner says yes (${scheme}, ${width} pixels)`, async () => {
      const api = await apiOf(world);
      const page = await browser.page({ colorScheme: scheme, width, visitor: await world.signedIn('eve') });
      await page.goto(`${world.url}/`); // 403, which the console says
      const complaints = watch(page);
      await page.getByRole('link', { name: 'Ask for access' }).click();
      await page.getByLabel('A short message').fill('May I see it? <b>Eve</b>');
      await screenshot(page, `ask-for-access-${scheme}`);
      await page.getByRole('button', { name: 'Ask for access' }).click();
      await page.getByRole('heading', { name: 'Waiting to be let in' }).waitFor();
      await screenshot(page, `waiting-${scheme}`);
      const { knocks } = (await api('GET', '/tunnels/demo/knocks')).body as {
        knocks: { id: string; message: string }[];
      };
      assert.equal(knocks[0]?.message, 'May I see it? <b>Eve</b>');
      // The page reloads itself after ten seconds where no script runs: the script must not need that.
      const reloads: string[] = [];
      page.on('request', (request) => {
        if (request.isNavigationRequest() && request.url().includes('/access?')) reloads.push(request.url());
      });
      await api('POST', `/tunnels/demo/knocks/${knocks[0]?.id}`, { answer: 'allow' });
      await page.waitForURL(`${world.url}/`);
      assert.match((await page.locator('body').textContent()) ?? '', /eve@elsewhere\.test/);
      // The script closes its stream of events.
      const others = complaints.filter((text) => !text.includes('/access/events'));
      assert.deepEqual([reloads, others], [[], []]);
      await api('DELETE', '/tunnels/demo/grants/eve%40elsewhere.test');
    });
  }
});
