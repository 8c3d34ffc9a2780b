/**
 * What is left in a browser of an app that its visitor has left: after a sign-out, and where the tunnel's name has another
 * owner. The next owner inherits neither a session nor what the app has stored.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserMissing, chooseAccount } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';
import type { Line } from '../../support/processes.js';

const LATE = 'dev-late';

describe('a session that was made while nobody had the name', () => {
  const { world } = inWorld();

  test('Q6 is nobody’s once somebody has it, and is renewed silently for whoever does', async () => {
    const url = world.urlOf(LATE);
    const visitor = world.visitor();
    await visitor.signIn(`${url}/`, 'ana');
    const kept = visitor.jar.header(new URL(url));
    const ask = async (path: string) => (await world.visitor().bare(url + path, { headers: { cookie: kept } })).status;
    assert.equal(await ask('/.postern/userinfo'), 200, 'a session, of nobody’s tunnel');

    await world.startAgent({ name: LATE, token: await world.token({ owner: 'bob@acme.com' }) });
    assert.equal(await ask('/'), 401);
    assert.equal(await ask('/.postern/userinfo'), 200, 'which tells the visitor who they are, and opens nothing');
    const page = await visitor.open(`${url}/`);
    assert.deepEqual([page.status, page.url], [200, `${url}/`]);
    assert.notEqual(visitor.jar.header(new URL(url)), kept);
    assert.equal(await ask('/'), 401, 'and the former one stays nobody’s');
  });
});

// Answers everything itself: no request of its pages reaches the edge.
const WORKER = `
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
self.addEventListener('fetch', (event) => event.respondWith(
  new Response('<title>of the worker</title>', { headers: { 'Content-Type': 'text/html' } })));`;

const STORE = (worker: string) => `Promise.all([
  navigator.serviceWorker.register(${JSON.stringify(worker)}, { scope: '/' }).then(() => navigator.serviceWorker.ready)
    .then(() => navigator.serviceWorker.controller
      || new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve))),
  caches.open('kept').then((cache) => cache.put('/kept', new Response('kept'))),
  new Promise((resolve, reject) => Object.assign(indexedDB.open('kept'), { onsuccess: resolve, onerror: reject })),
  localStorage.setItem('kept', 'kept'),
]).then(() => {})`;

const STORED = `Promise.all([
  navigator.serviceWorker.getRegistrations().then(({ length }) => length),
  caches.keys().then(({ length }) => length),
  indexedDB.databases().then(({ length }) => length),
  localStorage.length,
])`;

describe('what an app has stored', { skip: browserMissing() }, () => {
  const { world } = inWorld({ domain: 'tunnel.test' });
  const browser = inBrowser({ anyCertificate: true });

  function served(type: string, body: string): string {
    const query = new URLSearchParams([
      ['header', `Content-Type: ${type}`],
      ['body', body],
    ]);
    return `/answer?${query}`;
  }

  /** A page of an app that owns its browser's every request. */
  async function ownedBy(url: string): Promise<Page> {
    const page = await browser.page();
    await page.goto(`${url}${served('text/html', '<title>app</title>')}`);
    await chooseAccount(page, 'ana');
    await page.waitForURL(`${url}/answer**`);
    await page.evaluate(STORE(served('text/javascript', WORKER)));
    assert.deepEqual(await page.evaluate(STORED), [1, 1, 1, 1]);
    await page.goto(`${url}/`);
    assert.equal(await page.title(), 'of the worker');
    return page;
  }

  /**
   * The worker may still serve a page. Behind it the browser looks for a newer worker (Service Workers, Soft Update), asks the
   * edge for that, and hears that all of it is over.
   */
  async function comeBack(page: Page, url: string, mark: number): Promise<void> {
    const { hostname } = new URL(url);
    await page.goto(`${url}/`);
    const isRefused = (line: Line) => line['host'] === hostname && line['path'] === '/answer' && line['status'] === 401;
    await world.edge.record(isRefused, mark);
    await page.evaluate(`(async () => { while ((await navigator.serviceWorker.getRegistrations()).length > 0); })()`);
    await load(page, `${url}/`);
  }

  /** Chromium aborts a navigation that meets the worker while it is being removed, which the page cannot see: a person loads again. */
  async function load(page: Page, url: string): Promise<void> {
    await page.goto(url).catch((error: Error) => {
      if (!error.message.includes('net::ERR_ABORTED')) throw error;
      return page.goto(url);
    });
  }

  test('Q7 is gone with the sign-in, also where a service worker of the app serves all pages', async () => {
    const page = await ownedBy(world.url);
    const mark = world.edge.mark();
    await page.goto(`${world.base}/oauth2/sign_out`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/oauth2/signed_out');
    await comeBack(page, world.url, mark);
    await chooseAccount(page, 'bob');
    await page.waitForURL(`${world.url}/`);
    assert.deepEqual(await page.evaluate(STORED), [0, 0, 0, 0]);
  });

  test('Q8 is gone once the name has another owner, for a visitor who is signed in all the while', async () => {
    const url = world.urlOf('dev-passed-on');
    const former = await world.startAgent({ name: 'dev-passed-on' });
    const page = await ownedBy(url);
    await former.kill();
    // Without a state folder a restart forgets whose the name is.
    await world.edge.kill();
    await world.startEdge();
    const mark = world.edge.mark();
    await world.startAgent({ name: 'dev-passed-on', token: await world.token({ owner: 'bob@acme.com' }) });
    await comeBack(page, url, mark);
    await page.waitForURL(`${url}/`);
    assert.notEqual(await page.title(), 'of the worker');
    assert.deepEqual(await page.evaluate(STORED), [0, 0, 0, 0]);
  });
});
