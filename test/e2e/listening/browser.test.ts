/** A person who types the address of a tunnel without https, at an edge that ends TLS itself. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserMissing, chooseAccount } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';

describe('an edge with a certificate, in Chromium', { skip: browserMissing() }, () => {
  const { world } = inWorld({ domain: 'tunnel.test', tls: 'edge' });
  const browser = inBrowser({ anyCertificate: true });

  test('N15 http:// ends on https, and a sign-in on the page that was asked for', async () => {
    const page = await browser.page();
    await page.goto(`http://demo.tunnel.test:${world.port}/echo?deep=1`);
    assert.equal(new URL(page.url()).protocol, 'http:', 'at the provider of this test');
    await chooseAccount(page, 'ana');
    await page.waitForURL(`${world.url}/echo?deep=1`);
    const cookies = await page.context().cookies(world.url);
    assert.ok(cookies.length > 0 && cookies.every(({ name, secure }) => secure && name.startsWith('__Host-')));
  });
});
