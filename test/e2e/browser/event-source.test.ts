/**
 * The browser's `EventSource` over a tunnel. It ends for good at anything but a stream (HTML standard, section 9.2.3): what
 * passes by itself, a restart of the agent or of the app, must not be told to it, and what does not must.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserMissing } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';
import { startTargetProcess, type TargetProcess } from '../../support/target-remote.js';

const NAME = 'dev-events';
const EVENTS = '/sse?key=never';

// `seen` counts event 0 of each stream, `isOver` is true once the browser has given up.
const opened = (url: string) => `new Promise((resolve) => {
  window.seen = 0;
  window.isOver = false;
  const events = new EventSource('${url}', { withCredentials: true });
  events.onmessage = () => { window.seen += 1; resolve('open'); };
  events.onerror = () => { window.isOver = events.readyState === EventSource.CLOSED; if (window.isOver) resolve('closed'); };
})`;

describe('an EventSource', { skip: browserMissing() }, () => {
  const { world } = inWorld();
  const browser = inBrowser();
  let app: TargetProcess;
  let page: Page;
  let url: string;

  before(async () => {
    url = `${world.urlOf(NAME)}/`;
    app = await startTargetProcess();
    await world.startAgent({ name: NAME, targetUrl: app.url });
  });
  beforeEach(async () => {
    page = await browser.page({ visitor: await world.signedIn('ana', url) });
    await page.goto(url);
    assert.equal(await page.evaluate(opened(EVENTS)), 'open');
  });
  after(async () => {
    await app?.close();
  });

  /** A request of the stream that the edge answered while it could not be carried on. */
  const failed = (code: string, mark: number) =>
    world.edge.record((line) => line['path'] === '/sse' && line['code'] === code, mark);
  const seenAgain = () => page.waitForFunction('window.seen > 1 || window.isOver');

  test('an EventSource opens again by itself after a restart of the agent', async () => {
    const mark = world.edge.mark();
    await world.agent.kill();
    await failed('ERR_TUNNEL_OFFLINE', mark);
    await world.startAgent({ name: NAME, targetUrl: app.url });
    await seenAgain();
    assert.equal(await page.evaluate('window.isOver'), false);
  });

  test('an EventSource opens again by itself after a restart of the app', async () => {
    const mark = world.edge.mark();
    const { port } = app;
    await app.close();
    await failed('ERR_TARGET_REFUSED', mark);
    app = await startTargetProcess({ port });
    await seenAgain();
    assert.equal(await page.evaluate('window.isOver'), false);
  });

  test('an EventSource ends for good where the visitor has signed out, and where its page may not ask', async () => {
    assert.equal(await page.evaluate(opened(`${world.url}${EVENTS}`)), 'closed', '403: of another tunnel');
    await page.context().clearCookies();
    assert.equal(await page.evaluate(opened(EVENTS)), 'closed', '401');
  });
});
