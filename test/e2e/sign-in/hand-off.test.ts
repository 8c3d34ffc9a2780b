/**
 * Between the base host and a tunnel's host. An app owns the scripts and the service workers of its tunnel's origin, and
 * gets nothing there that opens a session elsewhere; what is lost on the way to a sign-in is nothing of the visitor's.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { arrive, browserMissing, chooseAccount } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';

const REQUESTS_OF_A_PAGE = 125; // more than the sign-in steps that an address has in a minute

// Notes the URL of everything that it is asked for, navigations above all, and lets it go to the network.
const WORKER = `
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
self.addEventListener('fetch', (event) => event.waitUntil((async () => {
  const seen = await caches.open('seen');
  await seen.put('/seen?' + encodeURIComponent(event.request.url), new Response(''));
})()));`;

describe('the hand-off', { skip: browserMissing() }, () => {
  const { world } = inWorld({ domain: 'tunnel.test' });
  const browser = inBrowser({ anyCertificate: true });

  before(async () => {
    await world.startAgent({ name: 'dev-two' });
  });

  function served(type: string, body: string): string {
    const query = new URLSearchParams([
      ['header', `Content-Type: ${type}`],
      ['body', body],
    ]);
    return `/answer?${query}`;
  }

  async function signedIn(url: string): Promise<Page> {
    const page = await browser.page();
    await page.goto(url);
    await chooseAccount(page, 'ana');
    await page.waitForURL(url);
    return page;
  }

  test('Q1 a service worker of the app sees no ticket, though it sees every request of its host', async () => {
    const page = await signedIn(`${world.url}/`);
    await page.goto(world.url + served('text/html', '<title>app</title>'));
    await page.evaluate(`navigator.serviceWorker.register(${JSON.stringify(served('text/javascript', WORKER))}, { scope: '/' })
      .then(() => navigator.serviceWorker.ready).then(() => navigator.serviceWorker.controller
        || new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve))).then(() => {})`);
    // The session of this host alone is gone: the base host hands over a new one.
    await page.context().clearCookies({ domain: new URL(world.url).hostname, name: '__Host-postern-session' });
    await arrive(page, `${world.url}/behind?the=worker`);
    const seen = (await page.evaluate(
      `caches.open('seen').then((seen) => seen.keys()).then((keys) => keys.map(({ url }) => decodeURIComponent(url)))`,
    )) as string[];
    assert.ok(
      seen.some((url) => url.includes('/behind?the=worker')),
      seen.join('\n'),
    );
    assert.deepEqual(
      seen.filter((url) => url.includes('ticket') || url.includes('/.postern/')),
      [],
    );
  });

  test('Q2 no ticket stands in any URL of a sign-in', async () => {
    const page = await browser.page();
    const urls: string[] = [];
    page.on('request', (request) => urls.push(request.url()));
    await page.goto(`${world.url}/`);
    await chooseAccount(page, 'ana');
    await page.waitForURL(`${world.url}/`);
    assert.ok(urls.includes(`${world.url}/.postern/session`), 'the ticket was posted');
    assert.deepEqual(
      urls.filter((url) => url.includes('ticket=')),
      [],
    );
  });

  for (const [what, path] of [
    ['a fragment', '/guide?page=2#section-3'],
    ['a path of five thousand characters', `/search?q=${'x'.repeat(5_000)}`],
    ['both', `/search?q=${'y'.repeat(20_000)}#end`],
  ] as const) {
    test(`Q3 ${what} is kept over the first sign-in, and over a silent one`, async () => {
      const page = await signedIn(world.url + path);
      await arrive(page, `${world.urlOf('dev-two')}${path}`);
    });
  }

  test('Q4 no page of an app ends the sign-in of its visitor', async () => {
    const page = await signedIn(`${world.url}/`);
    for (const place of [world.url, world.urlOf('dev-two')]) {
      await arrive(page, place + served('text/html', '<title>app</title>'));
      for (const url of [`${world.url}/.postern/sign_out`, `${world.base}/oauth2/sign_out`]) {
        await page.evaluate(`Promise.all([
          ...['GET', 'POST'].map((method) =>
            fetch('${url}', { method, mode: 'no-cors', credentials: 'include' }).catch(() => {})),
          new Promise((resolve) => { const image = new Image(); image.onload = image.onerror = resolve; image.src = '${url}'; }),
          new Promise((resolve) => { const frame = document.createElement('iframe'); frame.onload = resolve; frame.src = '${url}';
            document.body.append(frame); }),
        ]).then(() => {})`);
        await page.evaluate(`(() => { const form = document.createElement('form'); form.method = 'post'; form.action = '${url}';
          document.body.append(form); setTimeout(() => form.submit()); })()`);
        await page.waitForURL(url.startsWith(world.base) ? '**/oauth2/sign_out' : '**/.postern/sign_out');
        await arrive(page, place + served('text/html', '<title>app</title>'));
      }
    }
    await page.goto(`${world.base}/oauth2/userinfo`);
    assert.match((await page.locator('body').textContent()) ?? '', /ana@acme\.com/);
  });

  test('Q5 requests in the background to start and callback count against nobody', async () => {
    const visitor = world.visitor();
    for (let at = 0; at < REQUESTS_OF_A_PAGE; at++) {
      const path = at % 2 === 0 ? '/oauth2/callback?code=x&state=y' : '/oauth2/start?rd=%2F';
      assert.equal((await visitor.fetch(world.base + path)).status, 401);
    }
    assert.equal((await world.signedIn('bob')).jar.cookies(`${world.url}/`).length > 0, true);
  });
});
