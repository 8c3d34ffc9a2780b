/** What people see: every page of the edge in a real browser, light and dark, without a word in the console. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { arrive, browserMissing, chooseAccount, type PageOptions, screenshot, watch } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';

const skip = browserMissing();

describe('the pages', { skip }, () => {
  const { world } = inWorld();
  const browser = inBrowser();

  /** A page of somebody who has signed in before. */
  async function signedIn(account: string, options: PageOptions = {}): Promise<Page> {
    const page = await browser.page({ ...options, visitor: await world.signedIn(account) });
    await page.goto(`${world.url}/`);
    return page;
  }

  async function looksRight(page: Page, name: string, heading: string): Promise<void> {
    assert.equal(await page.locator('h1').textContent(), heading);
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    const sideways = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    assert.equal(await page.evaluate(sideways), false, 'the page scrolls sideways');
    // The style is allowed by its hash: were it not, the page would be unstyled and the console would say so.
    assert.notEqual(await page.evaluate('getComputedStyle(document.querySelector("main")).borderTopStyle'), 'none');
    await screenshot(page, name);
  }

  test('access denied names the account and offers another one', async () => {
    const page = await signedIn('eve');
    const complaints = watch(page);
    await looksRight(page, 'access-denied-light', 'Not open to you');
    assert.match((await page.locator('main').textContent()) ?? '', /eve@elsewhere\.test/);
    await page.getByRole('link', { name: 'Switch account' }).click();
    await chooseAccount(page, 'ana');
    await page.waitForURL(`${world.url}/`);
    assert.match((await page.locator('body').textContent()) ?? '', /ana@acme\.com/);
    assert.deepEqual(complaints, []);
  });

  test('access denied is readable in the dark and on a phone', async () => {
    const page = await signedIn('eve', { colorScheme: 'dark', width: 360 });
    await looksRight(page, 'access-denied-dark-phone', 'Not open to you');
  });

  test('the portal lists the tunnels that are open to the visitor, and only those', async () => {
    const page = await signedIn('ana');
    await page.goto(`${world.base}/`);
    await looksRight(page, 'portal', 'Your tunnels');
    await page.getByRole('link', { name: 'demo' }).click();
    await page.waitForURL(`${world.url}/`);
    const stranger = await signedIn('eve');
    await stranger.goto(`${world.base}/`);
    await looksRight(stranger, 'portal-empty', 'Your tunnels');
    assert.equal(await stranger.locator('li').count(), 0);
  });

  test('signing out asks first when another site sent the visitor, and ends on a page of its own', async () => {
    const page = await signedIn('ana');
    await page.goto(`${world.base}/oauth2/userinfo`);
    await page.setContent(`<a href="${world.url}/.postern/sign_out">leave</a>`);
    await page.getByRole('link', { name: 'leave' }).click();
    await page.waitForURL('**/oauth2/sign_out?of=*');
    await looksRight(page, 'sign-out', 'Sign out?');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/signed_out|session\/end/);
    await page.goto(`${world.base}/oauth2/signed_out`);
    await looksRight(page, 'signed-out', 'Signed out');
  });

  test('a failed sign-in says so and offers another try', async () => {
    const page = await browser.page();
    await page.goto(`${world.base}/oauth2/callback?code=x&state=y`);
    await looksRight(page, 'sign-in-failed', 'Sign-in failed');
  });

  test('an offline tunnel shows the app by itself once its agent is back', async () => {
    const page = await signedIn('ana');
    const down = world.edge.record((line) => line['event'] === 'tunnel-down');
    await world.agent.kill();
    await down;
    await page.goto(`${world.url}/back`);
    await looksRight(page, 'offline', 'Offline right now');
    await world.startAgent();
    await page.locator('h1').waitFor({ state: 'detached' });
    assert.match((await page.locator('body').textContent()) ?? '', /"url":"\/back"/);
  });

  test('a target that is down is told from a tunnel that is down', async () => {
    const page = await signedIn('ana');
    const name = 'dev-nothing';
    await world.startAgent({ name, targetUrl: 'http://127.0.0.1:9' });
    await arrive(page, `${world.urlOf(name)}/`); // by way of a page that signs in by itself
    await looksRight(page, 'target-down', 'The app is not running');
  });

  test('a target that accepts and then says nothing is told from one that is down', async () => {
    // A TLS handshake that nobody answers is the one way to a timeout that needs no address outside of this machine.
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const page = await signedIn('ana');
    const name = 'dev-stuck';
    await world.startAgent({ name, targetUrl: `https://127.0.0.1:${port}` });
    await arrive(page, `${world.urlOf(name)}/`); // by way of a page that signs in by itself
    await looksRight(page, 'target-timeout', 'The app did not answer in time');
    silent.close();
  });

  test('too many cookies get a page that says how to go on', async () => {
    const page = await browser.page();
    const value = 'x'.repeat(3900);
    const cookies = Array.from({ length: 20 }, (_, index) => ({ name: `bomb${index}`, value, url: world.base }));
    await page.context().addCookies(cookies);
    await page.goto(`${world.base}/`);
    await looksRight(page, 'too-many-cookies', 'Too many cookies');
  });
});
