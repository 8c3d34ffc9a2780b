/** HTTP/2 as Chromium speaks it: many requests at once, events, WebSockets and two tunnels on one connection. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { headerValues } from '../../../src/http/fields.js';
import { browserMissing, chooseAccount, watch } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MODULES = 500;
const EVENT_SOURCES = 20;
const DOWNLOAD_BYTES = 20_000_000;
// Chromium by itself takes a second for each megabyte that a page gives it to upload.
const UPLOAD_BYTES = 1_000_000;

describe('HTTP/2 in Chromium', { skip: browserMissing() }, () => {
  const { world } = inWorld({ domain: 'tunnel.test', tls: 'edge' });
  const browser = inBrowser({ knowsCertificate: true });
  let vite: ViteDevServer;
  let page: Page;

  before(async () => {
    const folder = temporaryFolder('modules');
    writeModules(folder);
    vite = await createServer({
      ...{ root: folder, configFile: false, logLevel: 'silent', cacheDir: join(folder, '.vite') },
      server: { host: '127.0.0.1', port: 0 },
    });
    await vite.listen();
    const address = vite.httpServer?.address();
    assert.ok(address !== null && typeof address === 'object');
    await world.startAgent({ name: 'dev-vite', targetUrl: `http://127.0.0.1:${address.port}` });
    page = await browser.page();
    await page.goto(`${world.url}/`);
    await chooseAccount(page, 'ana');
    await page.waitForURL(`${world.url}/**`);
  });
  after(() => vite?.close());

  const blank = () => page.goto(`${world.url}/answer?header=Content-Type%3A%20text%2Fhtml&body=%3Ctitle%3Eblank`);

  test('a dev server with five hundred modules loads, each by HTTP/2', async () => {
    const url = world.urlOf('dev-vite');
    await page.addInitScript('performance.setResourceTimingBufferSize(2000)');
    await page.goto(`${url}/`);
    const complaints = watch(page);
    await page.waitForURL(`${url}/**`);
    await page.waitForFunction(`window.loaded === ${MODULES}`);
    const protocols = await page.evaluate<string[]>(
      `performance.getEntriesByType('resource').filter(({ name }) => name.includes('/m/')).map((entry) => entry.nextHopProtocol)`,
    );
    assert.deepEqual(protocols, Array<string>(MODULES).fill('h2'));
    assert.deepEqual(complaints, []);
  });

  test('F15 tunnels share a connection, and each is judged by its own host and session', async () => {
    await world.startAgent({ name: 'dev-two' });
    const visitor = await world.signedIn('ana');
    const two = world.urlOf('dev-two');
    await visitor.open(`${two}/`);
    const shared = await browser.page({ visitor });
    await shared.goto(`${world.url}/echo`);
    const echo = JSON.parse((await (await shared.goto(`${two}/echo`))?.text()) ?? '') as Echo;
    assert.deepEqual(headerValues(echo.rawHeaders, 'x-forwarded-host'), [new URL(two).host]);
    // Of a host that it has never asked: a connection that is there already takes no time to connect.
    const [navigation] = await shared.evaluate<[string, number][]>(
      `performance.getEntriesByType('navigation').map((one) => [one.nextHopProtocol, one.connectEnd - one.connectStart])`,
    );
    assert.deepEqual(navigation, ['h2', 0]);
    const stranger = await shared.goto(`${world.urlOf('dev-vite')}/.postern/userinfo`);
    assert.equal(stranger?.status(), 401);
  });

  test('twenty event streams of one page leave room for its requests', async () => {
    await blank();
    const events = await page.evaluate(`Promise.all(Array.from({ length: ${EVENT_SOURCES} }, (_, n) =>
      new Promise((resolve) => {
        const source = new EventSource('/sse?key=never&of=' + n);
        source.onmessage = ({ data }) => resolve(data);
      })))`);
    assert.equal((events as string[]).length, EVENT_SOURCES);
    assert.equal(await page.evaluate(`fetch('/echo').then(({ status }) => status)`), 200);
  });

  test('a WebSocket is connected by extended CONNECT', async () => {
    await blank();
    const said = await page.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket(location.origin.replace('https', 'wss') + '/ws?by=chromium');
      socket.onopen = () => socket.send('hello');
      socket.onerror = () => reject(new Error('it failed'));
      socket.onmessage = ({ data }) => resolve(data);
    })`);
    assert.equal(said, 'hello');
    const [seen] = (await world.target.seen()).filter(({ url }) => url.includes('by=chromium'));
    assert.equal(seen?.method, 'GET');
  });

  test('a large upload passes whole', async () => {
    await blank();
    const echo = await page.evaluate(
      `fetch('/upload', { method: 'POST', body: new Uint8Array(${UPLOAD_BYTES}) }).then((response) => response.json())`,
    );
    assert.equal((echo as { bodyBytes: number }).bodyBytes, UPLOAD_BYTES);
  });

  test('a large download passes whole', async () => {
    await blank();
    const received = await page.evaluate(`fetch('/bytes?n=${DOWNLOAD_BYTES}').then(async ({ body }) => {
      const reader = body.getReader();
      let bytes = 0;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return bytes;
        bytes += value.length;
      }
    })`);
    assert.equal(received, DOWNLOAD_BYTES);
  });
});

// A tree of modules, so that a browser learns of hundreds at once.
function writeModules(folder: string): void {
  mkdirSync(join(folder, 'm'));
  const importsOf = (n: number) => [3 * n + 1, 3 * n + 2, 3 * n + 3].filter((child) => child < MODULES);
  for (let n = 0; n < MODULES; n++) {
    const imports = importsOf(n).map((child) => `import './${child}.js';\n`);
    writeFileSync(join(folder, 'm', `${n}.js`), `${imports.join('')}window.loaded = (window.loaded ?? 0) + 1;\n`);
  }
  const head = '<meta charset="utf-8"><title>Modules</title><link rel="icon" href="data:,">';
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html><html lang="en"><head>${head}</head><body><script type="module" src="/m/0.js"></script></body></html>`,
  );
}
