/**
 * In a real browser: what a hostile sibling tunnel can do with cookies, and what is left after a sign-out. On https,
 * where `__Host-` holds, with both tunnels below one domain.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { headerValues } from '../../../src/http/fields.js';
import { arrive, browserMissing, chooseAccount, type TestBrowser } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import type { World } from '../../support/world.js';

const skip = browserMissing();

describe('in a browser', { skip }, () => {
  const { world } = inWorld({ domain: 'tunnel.test' });
  const browser = inBrowser();
  let sibling: string;

  before(async () => {
    await world.startAgent({ name: 'dev-two' });
    sibling = world.urlOf('dev-two');
  });

  async function echoIn(page: Page): Promise<Echo> {
    return JSON.parse((await page.locator('body').textContent()) ?? '') as Echo;
  }

  test('D3 a sibling tunnel cannot overwrite, lend or end a session by the cookies that it can set', async () => {
    const page = await signedIn(browser, world);
    await arrive(page, `${sibling}/`);
    const planted = await page.evaluate(`
      for (const name of ['__Host-postern-session', '__Secure-postern-session', 'postern-session', '__Host-postern-nonce']) {
        for (const more of ['; Domain=tunnel.test', '; Domain=tunnel.test; Path=/.postern', '; Domain=${world.name}.tunnel.test', '']) {
          document.cookie = name + '=evil; Secure; Path=/' + more;
        }
      }
      document.cookie`);
    assert.match(String(planted), /postern-session=evil/); // it could set those without the prefix
    await arrive(page, `${world.url}/deep`);
    const { rawHeaders } = await echoIn(page);
    assert.deepEqual(headerValues(rawHeaders, 'x-forwarded-email'), ['ana@acme.com']);
    assert.equal(JSON.stringify(rawHeaders).includes('evil'), false);
    await page.context().clearCookies({ name: '__Host-postern-session', domain: new URL(world.url).hostname });
    await arrive(page, `${world.url}/again`); // a new ticket, past whatever nonce was planted
    assert.equal(page.url(), `${world.url}/again`);
  });

  test('D12 the cookie bomb of a sibling tunnel shows a page that helps, until the cookies are gone', async () => {
    const page = await signedIn(browser, world);
    await arrive(page, `${sibling}/`);
    await page.evaluate(`
      for (let at = 0; at < 40; at++) document.cookie = 'bomb' + at + '=' + 'x'.repeat(3900) + '; Secure; Domain=tunnel.test'`);
    // The browser writes them down in its own time; each look at them is a round trip to it.
    const planted = async () => (await page.context().cookies()).filter(({ name }) => name.startsWith('bomb')).length;
    while ((await planted()) < 40);
    const response = await page.goto(`${world.url}/`);
    assert.equal(response?.status(), 431);
    assert.equal(await page.locator('h1').textContent(), 'Too many cookies');
    await page.context().clearCookies({ name: /^bomb/ });
    assert.equal((await page.goto(`${world.url}/`))?.status(), 200);
  });
});

// On localhost: what comes by a certificate that a browser does not know is never kept.
describe('in a browser that keeps things', { skip }, () => {
  const { world } = inWorld();
  const browser = inBrowser();

  test('D9 after a sign-out neither Back nor a new tab shows what the app has let the browser keep', async () => {
    const page = await signedIn(browser, world);
    const headers = ['Content-Type: text/html', 'Cache-Control: private, max-age=3600'];
    const query = new URLSearchParams([['body', '<h1>the secret</h1>'], ...headers.map((line) => ['header', line])]);
    const kept = `${world.url}/answer?${query}`;
    await page.goto(kept);
    await page.goto(`${world.url}/elsewhere`);
    await world.target.forget();
    await page.goBack();
    assert.equal(await page.locator('h1').textContent(), 'the secret');
    const asked = (await world.target.seen()).filter(({ url }) => url.startsWith('/answer'));
    assert.deepEqual(asked, []); // the browser has kept it
    await page.goto(`${world.url}/.postern/sign_out`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${world.base}/oauth2/signed_out`);
    const tab = await page.context().newPage();
    await tab.goto(kept);
    assert.equal(new URL(tab.url()).origin, world.issuer);
    await page.goBack();
    assert.equal(await page.getByText('the secret').count(), 0);
    assert.notEqual(new URL(page.url()).origin, world.url);
  });
});

async function signedIn(browser: TestBrowser, { url }: World): Promise<Page> {
  const page = await browser.page();
  await page.goto(`${url}/`);
  await chooseAccount(page, 'ana');
  await page.waitForURL(`${url}/**`);
  return page;
}
