/**
 * In a real browser: what is not lost where pages of other tunnels reach nothing. What the visitor, the app's own pages
 * and pages of the origins that its owner has named may do: ask, frame, and post a form of a sign-in provider.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { headerValues } from '../../../src/http/fields.js';
import { browserMissing, dismiss, evaluate, type TestBrowser } from '../../support/browser.js';
import { BrowserWorld, html } from '../../support/browser-world.js';
import { form, WAYS_TO_ASK } from '../../support/ways-to-ask.js';
import type { World } from '../../support/world.js';

const skip = browserMissing();

describe('a page', { skip }, () => {
  let tunnels: BrowserWorld;
  let world: World;
  let browser: TestBrowser;
  let sibling: string;
  let page: Page;
  let idp: Server;

  before(async () => {
    tunnels = await BrowserWorld.start();
    ({ world, browser } = tunnels);
    sibling = world.urlOf('dev-two');
    idp = createServer((request, response) => {
      const action = `${world.urlOf('dev-app')}/acs`;
      const fields = '<input name="SAMLResponse" value="a&amp;b=ä"><textarea name="submit">two\nlines</textarea>';
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(`<form method="post" action="${action}">${fields}<button>go</button></form>${request.url}`);
    });
    await once(idp.listen(0, '127.0.0.1'), 'listening');
    await world.startAgent({ name: 'dev-two' });
    const named = ['--allow-origin', sibling, '--allow-origin', `http://idp.example:${port()}`];
    await world.startAgent({ name: 'dev-app', args: [...named, '--allow-frame', sibling] });
    page = await tunnels.signedIn('dev-two', 'dev-app');
  });
  after(async () => {
    await tunnels?.close();
    idp?.close();
  });

  const port = () => (idp.address() as AddressInfo).port;

  let attempts = 0;

  test('P5 may lead the visitor to another tunnel: by a link, a new window, a redirect, a form that is got', async () => {
    const ways: Record<string, (url: string) => Promise<unknown>> = {
      link: (url) => page.goto(html(sibling, `<a href="${url}">go</a>`)).then(() => page.click('a')),
      replaced: (url) => page.goto(html(sibling, '')).then(() => evaluate(page, `location.href = '${url}'`)),
      redirect: (url) =>
        page.goto(
          `${sibling}/answer?${new URLSearchParams([
            ['status', '302'],
            ['header', `Location: ${url}`],
          ])}`,
        ),
      form: (url) => page.goto(html(sibling, '')).then(() => evaluate(page, form(url, 'get', '_self'))),
      bookmark: (url) => page.goto(url),
    };
    for (const [name, go] of Object.entries(ways)) {
      const path = `/visit-${name}`;
      await go(`${world.url}${path}`);
      await page.waitForURL(`${world.url}${path}*`);
      const [seen] = await tunnels.reached(path);
      assert.deepEqual(headerValues(seen?.rawHeaders ?? [], 'x-forwarded-email'), ['ana@acme.com'], name);
    }
  });

  test('P5 an app’s own pages ask as ever: fetch, form, script, frame, EventSource, WebSocket, beacon, worker', async () => {
    const own: Record<string, (url: string) => string> = {
      ...WAYS_TO_ASK,
      'a form that is got': (url) => form(url, 'get', '_self'),
    };
    const ask = async (tab: Page, what: string) => {
      const path = what === 'a WebSocket' ? '/ws-own' : `/own-${attempts++}`;
      const mark = world.edge.mark();
      await evaluate(tab, own[what]?.(`${world.url}${path}`) ?? '');
      const line = await tunnels.answered(path, mark);
      assert.ok([101, 200].includes(Number(line['status'])), `${what}: ${line['status']} ${line['code']}`);
      const [seen] = await tunnels.reached(path);
      assert.deepEqual(headerValues(seen?.rawHeaders ?? [], 'x-forwarded-email'), ['ana@acme.com'], what);
    };
    // What leads away from the page or shares a frame needs one of its own; a service worker comes last, since it is asked
    // from then on. All else is asked for at once. Whether a browser speculates is up to it and its machine: not asked here.
    const needsOwnPage = (what: string) => /form|service worker/.test(what);
    const all = Object.keys(own).filter((what) => !what.includes('speculation'));
    await page.goto(html(world.url, '<p>own</p>'));
    await Promise.all(all.filter((what) => !needsOwnPage(what)).map((what) => ask(page, what)));
    const isLast = (what: string) => what.includes('service worker');
    const apart = all.filter((what) => needsOwnPage(what) && !isLast(what));
    for (const what of [...apart, ...all.filter(isLast)]) {
      const tab = await page.context().newPage();
      await tab.goto(html(world.url, '<p>own</p>'));
      await ask(tab, what);
      dismiss(tab);
    }
  });

  test('P6 frames only what its owner lets it, and not what the app itself forbids', async () => {
    const framed = async (url: string) => {
      await page.goto(html(sibling, ''));
      await evaluate(
        page,
        `new Promise((resolve) => {
        const made = document.createElement('iframe'); made.src = ${JSON.stringify(url)};
        made.onload = resolve; document.body.append(made);
      })`,
      );
      const frame = page.frames()[1];
      return frame?.url().startsWith('chrome-error:') ? 'refused' : await frame?.textContent('body');
    };
    const app = world.urlOf('dev-app');
    assert.equal(await framed(html(app, 'the app')), 'the app');
    assert.equal(await framed(html(world.url, 'the app')), 'refused');
    for (const header of ['X-Frame-Options: DENY', "Content-Security-Policy: frame-ancestors 'none'"]) {
      const url = `${html(app, 'the app')}&${new URLSearchParams({ header })}`;
      assert.equal(await framed(url), 'refused', header);
    }
    // Without its own origin among the named ones a page of another tunnel does not get in by a frame of a frame.
    await page.goto(html(app, `<iframe src="${world.url}/nested"></iframe>`));
    assert.deepEqual(await tunnels.reached('/nested'), []);
  });

  test('P7 of a named origin asks with a preflight, a method and headers of its own, and reads what the app lets it read', async () => {
    const app = world.urlOf('dev-app');
    const allowed = new URLSearchParams([
      ['header', `Access-Control-Allow-Origin: ${sibling}`],
      ['header', 'Access-Control-Allow-Credentials: true'],
      ['body', 'from the app'],
    ]);
    const ask = (url: string) =>
      evaluate(
        page,
        `fetch('${url}', {
        method: 'PUT', credentials: 'include', body: '{}', headers: { 'Content-Type': 'application/json', 'X-Custom': '1' },
      }).then((answer) => answer.text(), () => 'unreadable')`,
      );
    await page.goto(html(sibling, ''));
    assert.equal(await ask(`${app}/answer?${allowed}`), 'from the app');
    const put = (await world.target.seen()).find(({ method }) => method === 'PUT');
    assert.deepEqual(headerValues(put?.rawHeaders ?? [], 'x-forwarded-email'), ['ana@acme.com']);
    assert.equal(await ask(`${app}/silent`), 'unreadable'); // the app has the last word
    await world.target.forget();
    assert.equal(await ask(`${world.url}/answer?${allowed}`), 'unreadable');
    assert.deepEqual(await world.target.seen(), []);
  });

  test('P8 a form that a named provider posts arrives with its fields and its visitor', async () => {
    await world.target.forget();
    await page.goto(`http://idp.example:${port()}/`);
    await page.click('button');
    await page.waitForFunction("document.body.textContent.includes('bodyBytes')");
    assert.equal(page.url(), `${world.urlOf('dev-app')}/acs`);
    const [seen, ...more] = await tunnels.reached('/acs');
    assert.deepEqual([seen?.method, more], ['POST', []]);
    assert.deepEqual(headerValues(seen?.rawHeaders ?? [], 'x-forwarded-email'), ['ana@acme.com']);
    assert.deepEqual(headerValues(seen?.rawHeaders ?? [], 'origin'), [world.urlOf('dev-app')]);
    const body = 'SAMLResponse=a%26b%3D%C3%A4&submit=two%0D%0Alines';
    assert.equal(headerValues(seen?.rawHeaders ?? [], 'content-length').join(), String(body.length));
  });

  test('P8 without a session it ends, after one more try, at the page that offers to sign in', async () => {
    const stranger = await browser.page();
    await world.target.forget();
    const statuses: number[] = [];
    stranger.on('response', (answer) => answer.url().endsWith('/acs') && statuses.push(answer.status()));
    await stranger.goto(`http://idp.example:${port()}/`);
    await stranger.click('button');
    await stranger.waitForSelector('a[href*="/.postern/session"]');
    assert.deepEqual(statuses, [200, 401]);
    assert.deepEqual(await world.target.seen(), []);
  });

  test('P8 a form of an origin that nobody has named is not taken over, nor one of a sibling', async () => {
    await world.target.forget();
    await page.goto(`http://evil.example:${port()}/`);
    const mark = world.edge.mark();
    await page.click('button');
    assert.equal((await tunnels.answered('/acs', mark))['code'], 'ERR_CROSS_SITE');
    assert.deepEqual(await tunnels.reached('/acs'), []);
  });
});
