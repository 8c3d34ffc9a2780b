/**
 * A real dev server behind the tunnel in a real browser: Vite with its HMR socket, on a domain that Vite does not know
 * (it lets `*.localhost` pass by itself, which would hide that the Host is rewritten).
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer, type ViteDevServer } from 'vite';
import { browserMissing, chooseAccount, screenshot, TestBrowser, watch } from '../../support/browser.js';
import { startWorld, type World } from '../../support/world.js';

describe('a Vite dev server behind the tunnel', { skip: browserMissing() }, () => {
  let folder: string;
  let vite: ViteDevServer;
  let world: World;
  let browser: TestBrowser;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-vite-'));
    await writeApp(folder);
    vite = await createServer({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      cacheDir: join(folder, '.vite'),
      server: { host: '127.0.0.1', port: 0 },
    });
    await vite.listen();
    const address = vite.httpServer?.address();
    assert.ok(address !== null && typeof address === 'object');
    world = await startWorld({ domain: 'tunnel.test', targetUrl: `http://127.0.0.1:${address.port}` });
    browser = await TestBrowser.start();
  });
  after(async () => {
    await browser?.close();
    await world?.close();
    await vite?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('a visitor signs in, sees the app, and sees an edit arrive without a reload', async () => {
    const page = await browser.page();
    const complaints = watch(page);
    await page.goto(`${world.url}/?deep=link`);
    await chooseAccount(page, 'ana');
    await page.waitForURL(`${world.url}/?deep=link`);
    await page.locator('#greeting', { hasText: 'first words' }).waitFor();
    // A reload would lose the mark: its survival is what makes the update a hot one.
    await page.evaluate('window.mark = "still here"');
    await page.waitForFunction('window.hmrConnected === true');

    await writeFile(join(folder, 'src', 'greeting.js'), greeting('second words'));
    await page.locator('#greeting', { hasText: 'second words' }).waitFor();
    assert.equal(await page.evaluate('window.mark'), 'still here');
    await screenshot(page, 'vite');
    assert.deepEqual(complaints, []);
  });

  test('the modules of the app are refused, and not redirected, without a session', async () => {
    const response = await world.visitor().fetch(`${world.url}/src/main.js`);
    assert.equal(response.status, 401);
    assert.equal(response.headers['postern-error'], 'ERR_LOGIN_REQUIRED');
  });
});

function greeting(words: string): string {
  return `export const greeting = ${JSON.stringify(words)};\n`;
}

async function writeApp(folder: string): Promise<void> {
  await mkdir(join(folder, 'src'));
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,"></head>
<body><h1 id="greeting"></h1><script type="module" src="/src/main.js"></script></body>
</html>
`;
  const main = `import { greeting } from './greeting.js';
const show = (text) => { document.querySelector('#greeting').textContent = text; };
show(greeting);
if (import.meta.hot) {
  import.meta.hot.accept('./greeting.js', (next) => show(next.greeting));
  const connected = () => { window.hmrConnected = true; };
  import.meta.hot.on('vite:ws:connect', connected);
}
`;
  await writeFile(join(folder, 'index.html'), html);
  await writeFile(join(folder, 'src', 'main.js'), main);
  await writeFile(join(folder, 'src', 'greeting.js'), greeting('first words'));
}
