/** The pages on which an agent is signed in, in a real browser: light, dark and on a phone, from the first click to the last. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserMissing, chooseAccount, type PageOptions, screenshot, watch } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';
import { discover, send, start } from '../../support/oauth-client.js';

const skip = browserMissing();

describe('the pages of an agent’s sign-in', { skip }, () => {
  const { world } = inWorld({ edgeEnv: { POSTERN_AGENTS: '@acme.com' } });
  const browser = inBrowser();
  // What the command listens with: a page for whatever comes.
  const loopback = createServer((_request, response) => response.end('<!doctype html><title>back</title>'));
  let redirectUri: string;

  before(async () => {
    await new Promise<void>((resolve) => loopback.listen(0, '127.0.0.1', resolve));
    redirectUri = `http://127.0.0.1:${(loopback.address() as AddressInfo).port}/callback`;
  });
  after(() => {
    loopback.close();
    loopback.closeAllConnections();
  });

  async function request(machine: string): Promise<{ url: string; state: string }> {
    const { url, state } = await start(await discover(world), { redirect_uri: redirectUri, machine, user: 'ana' });
    return { url: url.href, state };
  }

  async function looksRight(page: Page, name: string, heading: string): Promise<void> {
    assert.equal(await page.locator('h1').textContent(), heading);
    const sideways = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    assert.equal(await page.evaluate(sideways), false, 'the page scrolls sideways');
    await screenshot(page, name);
  }

  async function signedIn(account: string, options: PageOptions = {}): Promise<Page> {
    return browser.page({ ...options, visitor: await world.signedIn(account) });
  }

  test('ask after the sign-in at the provider, and return to the loopback address', async () => {
    const page = await browser.page();
    const complaints = watch(page);
    const { url, state } = await request('ana-laptop');
    await page.goto(url);
    await chooseAccount(page, 'ana');
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await looksRight(page, 'agent-consent-light', 'Did you start this?');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${redirectUri}**`);
    const { searchParams } = new URL(page.url());
    assert.deepEqual([searchParams.get('state'), searchParams.get('iss')], [state, world.base]);
    assert.match(searchParams.get('code') ?? '', /^[\w-]{43}$/);
    assert.deepEqual(complaints, []);
  });

  test('show a long and hostile name of a machine as text, in the dark and on a phone', async () => {
    const page = await signedIn('ana', { colorScheme: 'dark', width: 360 });
    await page.goto((await request('<b>build</b>-server-of-a-very-long-name.internal.acme.example.com-and-more')).url);
    assert.equal(await page.locator('b').count(), 0);
    await looksRight(page, 'agent-consent-dark-phone', 'Did you start this?');
    await page.getByRole('button', { name: 'No' }).click();
    await page.waitForURL(`${redirectUri}**`);
    assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied');
  });

  test('take a code by keyboard alone, and end with a page that may be closed', async () => {
    const { body } = await send(world, '/oauth2/device_authorization', { machine: 'build-server', user: 'root' });
    const page = await signedIn('ana');
    const complaints = watch(page);
    await page.goto(`${world.base}/device`);
    await looksRight(page, 'agent-code-light', 'Sign an agent in');
    await page.getByLabel('Code').focus();
    await page.keyboard.type(String(body['user_code']).toLowerCase());
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await looksRight(page, 'agent-device-light', 'Did you start this?');
    await page.getByRole('button', { name: 'Allow' }).press('Enter');
    await page.getByRole('heading', { name: 'The agent is signed in' }).waitFor();
    await looksRight(page, 'agent-device-done', 'The agent is signed in');
    assert.deepEqual(complaints, []);
  });

  test('say so when a code is wrong, in the dark and on a phone', async () => {
    const page = await signedIn('bob', { colorScheme: 'dark', width: 360 });
    await page.goto(`${world.base}/device?user_code=BCDF-GHJK`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('This code is not known').waitFor();
    await looksRight(page, 'agent-code-dark-phone', 'Sign an agent in');
  });

  test('offer another account to a person who may not', async () => {
    const page = await signedIn('eve', { width: 360 });
    await page.goto((await request('laptop')).url);
    await looksRight(page, 'agent-not-admitted-phone', 'Access denied');
    await page.getByRole('link', { name: 'Switch account' }).click();
    await chooseAccount(page, 'ana');
    await page.getByRole('heading', { name: 'Did you start this?' }).waitFor();
  });

  test('Z11 are shown in no frame', async () => {
    const page = await signedIn('ana');
    await page.goto(`${world.base}/oauth2/userinfo`);
    const { url } = await request('laptop');
    await page.setContent(`<iframe src="${url}"></iframe><iframe src="${world.base}/device"></iframe>`);
    for (const frame of page.frames().slice(1)) {
      await frame.waitForLoadState();
      assert.equal(await frame.locator('button').count(), 0);
    }
  });
});
