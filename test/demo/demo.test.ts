/** The demo as a person meets it: one command, one URL, two accounts, and an end by Ctrl-C. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserMissing, chooseAccount, screenshot, TestBrowser, watch } from '../support/browser.js';
import { compiled, freePort, Program, run } from '../support/processes.js';
import { Transcript } from '../support/transcript.js';
import { Visitor } from '../support/visitor.js';
import { readOptions } from './options.js';

const SCRIPT = compiled('../demo/demo.js');

interface Running {
  readonly demo: Program;
  readonly url: string;
}

async function startDemo(): Promise<Running> {
  const port = await freePort();
  const demo = new Program({ name: 'demo', script: SCRIPT, args: ['--port', String(port)] });
  await demo.line((line) => line.includes('Ctrl-C stops everything'));
  return { demo, url: `http://demo.localhost:${port}` };
}

describe('npm run demo', () => {
  test('says in one sentence that the port is taken, and starts nothing', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { exit, stdout, stderr } = await run({ name: 'demo', script: SCRIPT, args: ['--port', String(port)] });
    taken.close();
    assert.equal(exit.code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^demo: port ${port} [^\\n]*\\n$`));
  });

  test('goes on without a browser, with one sentence about it', async () => {
    const port = String(await freePort());
    const env = { PATH: '/nonexistent' };
    const demo = new Program({ name: 'demo', script: SCRIPT, args: ['--port', port, '--open'], env });
    await demo.complaint(`open http://demo.localhost:${port} yourself`);
    assert.equal(demo.stderr.trim().split('\n').length, 1);
    demo.signal('SIGINT');
    assert.equal((await demo.exited).code, 130);
  });

  test('refuses what is no option with one sentence and exit code 2', async () => {
    const { exit, stdout, stderr } = await run({ name: 'demo', script: SCRIPT, args: ['--wat'] });
    assert.deepEqual([exit.code, stdout], [2, '']);
    assert.match(stderr, /^demo: [^\n]+expected[^\n]+\n$/);
  });

  for (const args of [['--port', 'none'], ['--port', '0'], ['--port', '70000'], ['--wat'], ['more']]) {
    test(`refuses ${args.join(' ')}`, () => {
      assert.throws(() => readOptions(args), { exitCode: 2, message: /expected/ });
    });
  }
});

// One demo for all of them, which ends with the last: its start takes most of the time.
describe('the demo', () => {
  let running: Running;
  const ana = new Visitor();

  before(async () => {
    running = await startDemo();
  });
  after(async () => {
    ana.close();
    await running?.demo.kill();
  });

  test('shows the URL and both accounts, lets one in, refuses the other, and prints each request', async () => {
    const { demo, url } = running;
    for (const words of [`${url}\n`, 'ana@acme.com', 'eve@elsewhere.test']) assert.ok(demo.stdout.includes(words));
    assert.match((await ana.signIn(`${url}/`, 'ana')).text, /Sample app behind Postern/);
    await demo.line((line) => / 200 +\d+ ms +GET +ana@acme\.com +\/ /.test(line));
    const who = (await ana.fetch(`${url}/who`)).json() as { name: string; assertion: { valid: boolean } };
    assert.equal(who.name, 'Ana');
    assert.equal(who.assertion.valid, true);
    const eve = new Visitor();
    assert.equal((await eve.signIn(`${url}/`, 'eve')).headers['postern-error'], 'ERR_ACCESS_DENIED');
    eve.close();
  });

  describe('has a sample app that in a browser', { skip: browserMissing() }, () => {
    let browser: TestBrowser;

    before(async () => {
      browser = await TestBrowser.start();
    });
    after(() => browser?.close());

    async function open(options: Parameters<TestBrowser['page']>[0] = {}): Promise<Page> {
      const page = await browser.page(options);
      await page.goto(`${running.url}/`);
      await chooseAccount(page, 'ana');
      await page.waitForURL(`${running.url}/`);
      return page;
    }

    test('knows the visitor, ticks, chats, takes an upload, answers slowly, and complains about nothing', async () => {
      const page = await open();
      const complaints = watch(page);
      await page.locator('#verdict.good').waitFor();
      assert.equal(await page.locator('#name').textContent(), 'Ana');
      await page.locator('#clock[datetime]').waitFor();
      await page.locator('#words').fill('hello over the tunnel');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.locator('#messages', { hasText: 'hello over the tunnel' }).waitFor();
      await page.locator('#file').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('abc') });
      await page.locator('#upload-state', { hasText: '3 bytes' }).waitFor();
      await page.locator('#sample').click();
      await page.locator('#upload-state', { hasText: '20,000,000 bytes' }).waitFor();
      await page.locator('#slow').click();
      await page.locator('#slow-stop').click();
      await page.locator('#slow-state', { hasText: 'Abandoned' }).waitFor();
      await page.locator('#slow').click();
      await page.locator('#slow-state', { hasText: 'Answered after 3 seconds' }).waitFor();
      await screenshot(page, 'demo-light');
      // An abandoned request is the visitor's own doing.
      assert.deepEqual(
        complaints.filter((complaint) => !complaint.includes('/slow?')),
        [],
      );
    });

    test('fits a phone, in the dark', async () => {
      const page = await open({ colorScheme: 'dark', width: 375 });
      await page.locator('#verdict.good').waitFor();
      const sideways = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
      assert.equal(await page.evaluate(sideways), false, 'the page scrolls sideways');
      await screenshot(page, 'demo-dark-phone');
    });

    test('signs out and comes back as somebody else', async () => {
      const page = await open();
      await page.getByRole('link', { name: 'Sign out' }).click();
      await page.waitForURL((url) => url.hostname === 'localhost' && url.pathname.startsWith('/oauth2/'));
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL('**/oauth2/signed_out');
      await screenshot(page, 'demo-signed-out');
      await page.goto(`${running.url}/`);
      await chooseAccount(page, 'eve');
      await page.getByRole('heading', { name: 'Not open to you' }).waitFor();
    });
  });

  test('ends at once with 130 by Ctrl-C, while a stream, a WebSocket and a slow answer are open', async () => {
    const { demo, url } = running;
    const clock = new Transcript((await ana.stream(`${url}/clock`)).body);
    await clock.says('data: ');
    const socket = await ana.socket(`${url}/chat`);
    const closed = once(socket, 'close');
    const slow = ana.fetch(`${url}/slow?seconds=60`).catch((error: unknown) => error);
    demo.signal('SIGINT');
    assert.deepEqual(await demo.exited, { code: 130, signal: null });
    await Promise.all([clock.ended, closed, slow]);
    assert.equal(demo.stderr, '');
  });
});
