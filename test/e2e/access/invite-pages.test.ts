/** An invite as the person who got the link sees it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiOf } from '../../support/api.js';
import { browserMissing, chooseAccount, screenshot, watch } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';

describe('an invite, in a browser', { skip: browserMissing() }, () => {
  const { world } = inWorld({ shared: true });
  const browser = inBrowser();

  for (const [scheme, width] of [
    ['light', 1200],
    ['dark', 360],
  ] as const) {
    test(`leads from the sign-in to the app by one button, and then is of no use to others (${scheme}, ${width} pixels)`, async () => {
      const api = await apiOf(world);
      const { body } = await api('POST', '/tunnels/demo/invites', { for: '24h' });
      const page = await browser.page({ colorScheme: scheme, width });
      const complaints = watch(page);
      await page.goto(String(body['url']));
      await chooseAccount(page, 'eve');
      await page.getByRole('heading', { name: 'You are invited' }).waitFor();
      await screenshot(page, `invite-${scheme}`);
      await page.getByRole('button', { name: 'Accept and open' }).click();
      await page.waitForURL(`${world.url}/`);
      assert.match((await page.locator('body').textContent()) ?? '', /eve@elsewhere\.test/);
      assert.deepEqual(complaints, []);
      await api('PUT', '/tunnels/demo/grants/eve%40elsewhere.test', { effect: 'deny' });
      const late = await browser.page({ colorScheme: scheme, width, visitor: await world.signedIn('eve') });
      await late.goto(String(body['url']));
      await late.getByRole('heading', { name: 'This invite is not valid' }).waitFor();
      await screenshot(late, `invite-not-valid-${scheme}`);
      await late.getByRole('link', { name: 'Ask for access' }).click();
      await late.getByRole('heading', { name: 'Ask for access' }).waitFor();
      await api('DELETE', '/tunnels/demo/grants/eve%40elsewhere.test');
    });
  }
});
