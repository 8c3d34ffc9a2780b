/**
 * The inspector's page in a real browser: traffic of two people, by keyboard alone, a filter that outlives a reload, a replay, a
 * HAR file; what a target and a visitor send to become markup; and pages of other origins in the same browser that attack it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Locator, Page, Route } from 'playwright-core';
import { browserMissing, type Complaints, evaluate, screenshot, watch } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';
import { InspectorOf } from '../../support/inspector.js';
import { attacksOn, framed, HOSTILE_BODIES, MARKUP, opened } from '../../support/inspector-attacks.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import type { Visitor } from '../../support/visitor.js';

const skip = browserMissing();

/** What a person uses, and a reader of the page speaks of by its name. */
const REACHED: ReadonlySet<string> = new Set([
  ...['button', 'link', 'textbox', 'combobox', 'checkbox', 'spinbutton', 'tab', 'menuitem'],
  ...['grid', 'row', 'dialog', 'region', 'image'],
]);

const DIALOGS = [
  ['?', 'Keys and filter'],
  ['w', 'Who is here'],
  ['h', 'HAR files'],
  ['c', 'Copy as'],
  ['e', 'Edit and replay'],
] as const;

describe('the inspector’s page', { skip }, () => {
  const inspector = new InspectorOf();
  const { world, visitor: ana } = inWorld({ as: 'ana', agentEnv: inspector.agentEnv });
  const browser = inBrowser();
  let bob: Visitor;
  let page: Page;
  let complaints: Complaints;

  // Another program of this machine, with pages of its own.
  const sentToAttackers: string[] = [];
  const attackers = createServer((request, response) => {
    sentToAttackers.push(request.headers.cookie ?? '');
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><p>hello');
  });

  before(async () => {
    await once(attackers.listen(0, '127.0.0.1'), 'listening');
    await inspector.ready(world);
    bob = await world.signedIn('bob');
    page = await browser.page();
    complaints = watch(page);
    await page.goto(inspector.address);
    await rows().first().waitFor();
  });
  after(() => {
    attackers.close();
    attackers.closeAllConnections();
  });

  const rows = (text?: string) => page.locator('.rows [role=row]', text === undefined ? {} : { hasText: text });
  const words = async (part: Locator) => (await part.textContent()) ?? '';
  const reached = async (path: string) => (await world.target.seen()).filter(({ url }) => url === path).length;

  test('shows who asked for what as it happens, newest first, and gives its key away at once', async () => {
    assert.doesNotMatch(page.url(), /key/);
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict']);
    assert.equal(await evaluate(page, 'document.cookie'), '');
    await ana.fetch(`${world.url}/orders?page=2`);
    await bob.fetch(`${world.url}/answer?status=503&body=down`);
    await rows('503').waitFor();
    assert.match(await words(rows().nth(0)), /503[\s\S]*GET[\s\S]*\/answer[\s\S]*bob@acme\.com/);
    assert.match(await words(rows().nth(1)), /\/orders\?page=2[\s\S]*ana@acme\.com/);
    await rows('503').click();
    const detail = page.getByRole('region', { name: 'Request in detail' });
    await detail.getByText('down', { exact: true }).waitFor();
    assert.match(await words(detail), /bob@acme\.com, let in by @acme\.com/);
    assert.match(await words(detail), /First byte/);
    await screenshot(page, 'inspector-detail');
    const place = () => evaluate(page, "document.querySelector('.row.open').getBoundingClientRect().top");
    const former = await place();
    await ana.fetch(`${world.url}/meanwhile`);
    await page.getByRole('button', { name: '1 new' }).waitFor();
    assert.equal(await place(), former, 'what is read has moved');
    await page.getByRole('button', { name: '1 new' }).click();
    await rows('/meanwhile').waitFor();
    await page.keyboard.press('Escape');
  });

  test('shows the messages of a WebSocket as they come, with a filter of their own', async () => {
    const socket = await ana.socket(`${world.url}/ws`);
    socket.send('{"hello":"there"}');
    await rows('/ws').click();
    const messages = page.getByRole('list', { name: 'Messages, newest first' }).getByRole('listitem');
    await messages.nth(1).waitFor(); // the echo
    socket.send('second');
    await messages.nth(3).waitFor();
    assert.match(await words(messages.nth(0)), /from the target.*second/);
    await messages.nth(1).locator('summary').click();
    socket.send('third');
    await page.getByRole('button', { name: 'Show 2 new' }).waitFor();
    assert.equal(await messages.count(), 4, 'what is read has moved');
    await page.getByRole('button', { name: 'Show 2 new' }).click();
    await messages.nth(5).waitFor();
    await page.getByLabel('Filter messages').fill('hello');
    await messages.nth(2).waitFor({ state: 'detached' });
    await messages.nth(0).click();
    await messages.nth(0).getByText('"there"', { exact: true }).waitFor();
    socket.close();
    await page.keyboard.press('Escape'); // the field
    await page.keyboard.press('Escape'); // the detail
  });

  test('shows the events of an event stream as they come', async () => {
    const { body } = await ana.stream(`${world.url}/sse?key=shown`);
    await rows('/sse').click();
    const events = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem');
    await page.getByRole('status').getByText('1 event').waitFor();
    await events.filter({ hasText: 'event 0' }).waitFor();
    await world.target.release('shown');
    await events.filter({ hasText: 'event 1' }).waitFor();
    assert.match(await words(events.nth(0)), /from the target.*#1 event 1/);
    assert.match(await words(rows('/sse')), /event stream[\s\S]*running/);
    body.destroy();
    await rows('/sse').getByText('running').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
  });

  test('answers a person who asks to be let in', async () => {
    const eve = world.visitor();
    assert.equal((await eve.signIn(`${world.url}/`, 'eve')).status, 403);
    await eve.open(`${world.base}/access?to=demo`);
    await eve.fetch(`${world.base}/access`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ to: 'demo', message: MARKUP }).toString(),
    });
    const knock = page.getByRole('region', { name: 'Asking to be let in' });
    await knock.getByText(MARKUP).waitFor();
    await knock.getByRole('button', { name: 'Allow for 1 hour' }).click();
    await knock.waitFor({ state: 'detached' });
    assert.equal((await eve.navigate(`${world.url}/let-in`)).status, 200);
    assert.match(await words(rows('/let-in')), /eve@/);
    await page.getByRole('button', { name: /here$/ }).click();
    const here = page.getByRole('dialog', { name: 'Who is here' });
    await here.getByRole('button', { name: /^eve@/ }).click();
    assert.match(await page.getByLabel('Filter requests').inputValue(), /^person:eve@/);
    await page.getByRole('button', { name: 'Clear the filter' }).first().click();
    eve.close();
  });

  test('is used by keyboard alone: to move, open, replay, compare, pin, filter and ask for help', async () => {
    await ana.fetch(`${world.url}/keyed`);
    await rows('/keyed').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'GET /keyed' }).waitFor();
    await page.keyboard.press('r');
    await page.getByText('Sent again.').waitFor(); // at once: it goes by itself
    await rows('/keyed').nth(1).waitFor();
    assert.equal(await reached('/keyed'), 2);
    assert.match(await words(rows('/keyed').nth(0)), /replay[\s\S]*ana@acme\.com/);
    await page.keyboard.press('p');
    await rows('pinned').waitFor();
    await page.keyboard.press('x');
    await page.keyboard.press('k');
    await page.keyboard.press('x');
    await page.getByRole('dialog', { name: 'Compare' }).getByText('Response body').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys and filter' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape'); // the notice
    await page.keyboard.press('Escape'); // the detail
    assert.match(String(await evaluate(page, 'document.activeElement.id')), /^row-/);
  });

  test('sends a changed copy of a request, and leaves the original as it is', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByLabel('Method').fill('PUT');
    await page.getByLabel('Path').fill('/changed');
    await page.getByLabel('Body').fill('{"changed":true}');
    await page.getByRole('button', { name: 'Send' }).click();
    await rows('/changed').waitFor();
    const [seen] = (await world.target.seen()).filter(({ url }) => url === '/changed');
    assert.equal(seen?.method, 'PUT');
    assert.ok(seen?.rawHeaders.includes('ana@acme.com'), 'it is made as the same person');
    assert.equal((await inspector.list('path:/keyed')).exchanges.length, 2);
  });

  test('keeps what was typed when it cannot be sent, and asks for another body where it kept a part', async () => {
    const bytes = 1_200_000;
    await ana.fetch(`${world.url}/upload`, { method: 'PUT', body: 'x'.repeat(bytes) });
    await rows('/upload').click();
    await page.keyboard.press('r');
    await page.getByRole('alert').getByText('give it another body').waitFor();
    await page.keyboard.press('e');
    const form = page.getByRole('dialog', { name: 'Edit and replay' });
    await form.getByLabel('Method').fill('P UT');
    await form.getByLabel('Another body: only the first 1 MB of its 1.2 MB').fill('smaller');
    await form.getByRole('button', { name: 'Send' }).click();
    await form.getByText('The method is not one that can be sent').waitFor();
    await form.getByLabel('Method').fill('PATCH');
    await form.getByRole('button', { name: 'Send' }).click();
    await form.waitFor({ state: 'detached' });
    await rows('PATCH').waitFor();
    const [seen] = (await world.target.seen()).filter(({ method }) => method === 'PATCH');
    assert.ok(seen?.rawHeaders.includes('7'), 'of seven bytes');
    await page.keyboard.press('Escape'); // the notice
    await page.keyboard.press('Escape'); // the detail
  });

  test('says of a visitor who left that they left, and of a WebSocket that was refused what the response was', async () => {
    const { body } = await ana.stream(`${world.url}/held?key=left&head=1`);
    await rows('/held').click();
    await page.getByText('Still running').waitFor();
    body.destroy();
    await page.getByText('Broken off before its end: the visitor left').waitFor();
    assert.match(await words(rows('/held')), /200, broken off/);
    await page.keyboard.press('Escape');
    await assert.rejects(ana.socket(`${world.url}/ws-refuse`));
    await rows('/ws-refuse').click();
    await page.getByRole('tab', { name: 'Response' }).waitFor();
    await page.locator('.text', { hasText: 'refused' }).waitFor();
    assert.equal(await page.getByRole('tab', { name: 'Messages' }).count(), 0);
    await page.keyboard.press('Escape');
  });

  test('is as long as the window, whatever it shows: nothing scrolls but the list and the detail', async () => {
    const isLonger = 'document.documentElement.scrollHeight > innerHeight';
    await rows('/upload').last().click();
    await page.getByRole('tab', { name: 'Request' }).click();
    await page.getByText('x-forwarded-email').first().waitFor();
    assert.equal(await evaluate(page, isLonger), false);
    const scrolled =
      "[...document.querySelectorAll('.pairs dd')].filter((one) => one.scrollHeight > one.clientHeight).length";
    assert.equal(await evaluate(page, scrolled), 0, 'a short value has a scroll bar');
    await page.keyboard.press('Escape');
  });

  test('goes back and forward, and to an address that is pasted into it', async () => {
    const opened = page.getByRole('region', { name: 'Request in detail' });
    await page.keyboard.press('g');
    await page.keyboard.press('Enter');
    await opened.waitFor();
    await page.goBack();
    await opened.waitFor({ state: 'detached' });
    await page.goForward();
    await opened.waitFor();
    await page.keyboard.press('Escape');
    await evaluate(page, "location.hash = '#filter=person%3Abob'");
    await rows('/keyed').first().waitFor({ state: 'detached' });
    assert.equal(await page.getByLabel('Filter requests').inputValue(), 'person:bob');
    await page.goBack();
    await rows('/keyed').first().waitFor();
    // As Safari does it, when a key is held.
    await evaluate(page, "history.replaceState = history.pushState = () => { throw new DOMException('too often') }");
    await page.keyboard.press('Enter');
    await opened.waitFor();
    await page.keyboard.press('Escape');
    await opened.waitFor({ state: 'detached' });
    await evaluate(page, 'delete history.replaceState, delete history.pushState');
  });

  test('has a name for each thing that a reader of the page can reach', async () => {
    const session = await page.context().newCDPSession(page);
    const nameless = async () => {
      const { nodes } = await session.send('Accessibility.getFullAXTree');
      return nodes
        .filter(({ ignored, role }) => !ignored && REACHED.has(String(role?.value)))
        .filter(({ name }) => String(name?.value ?? '').trim() === '')
        .map(({ role }) => String(role?.value));
    };
    assert.deepEqual(await nameless(), []);
    await rows('/changed').first().click();
    await page.getByRole('tab', { name: 'Request' }).click();
    await page.getByText('x-forwarded-email').first().waitFor();
    assert.deepEqual(await nameless(), []);
    for (const [key, title] of DIALOGS) {
      await page.keyboard.press(key);
      await page.getByRole('dialog', { name: title }).waitFor();
      assert.deepEqual(await nameless(), [], title);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await session.detach();
    await page.keyboard.press('Escape');
  });

  test('finds by terms and by words in bodies, and keeps the filter over a reload', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('status:5xx person:bob');
    await rows('/keyed').first().waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    assert.notEqual(await evaluate(page, 'document.activeElement.id'), 'filter', 'the next key is for the list');
    await rows('503').waitFor();
    await rows().nth(1).waitFor({ state: 'detached' });
    await page.reload();
    await rows('503').waitFor();
    assert.equal(await rows().count(), 1);
    assert.equal(await page.getByLabel('Filter requests').inputValue(), 'status:5xx person:bob');
    await page.getByLabel('Filter requests').fill('"changed\\":true"');
    await rows('/changed').waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).first().click();
    await rows('/keyed').first().waitFor();
  });

  test('shows a HAR file read-only', async () => {
    const path = join(temporaryFolder('har'), 'saved.har');
    writeFileSync(path, await (await inspector.ask('/api/har')).text());
    await page.keyboard.press('h');
    await page.locator('input[type=file]').setInputFiles(path);
    await page.getByText('saved.har, read-only').waitFor();
    assert.equal(await rows().count(), (await inspector.list()).exchanges.length);
    await rows('/changed').click();
    await page.getByRole('heading', { name: 'PUT /changed' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Replay' }).count(), 0);
    await page.keyboard.press('r');
    await page.getByText('it can only be read').waitFor();
    assert.equal(await reached('/changed'), 1);
    await page.getByRole('button', { name: 'Back to what is live' }).click();
  });

  test('K6 shows nothing hostile but as text', async () => {
    for (const [type, body] of HOSTILE_BODIES) {
      const fields = { status: '200', body };
      const query = new URLSearchParams([
        ...Object.entries(fields),
        ['header', `Content-Type: ${type}`],
        ['header', `X-Evil: ${MARKUP}`],
      ]);
      await ana.fetch(`${world.url}/answer?${query}`, { headers: { 'user-agent': MARKUP } });
    }
    const { exchanges } = await inspector.list('path:/answer person:ana');
    assert.equal(exchanges.length, HOSTILE_BODIES.length);
    await inspector.ask(`/api/exchanges/${exchanges[0]?.id}/note`, { method: 'POST', body: { text: MARKUP } });
    for (const { id } of exchanges) {
      await page.locator(`#row-${id}`).click();
      for (const tab of ['Request', 'Response']) {
        await page.getByRole('tab', { name: tab, exact: true }).click();
        await page.getByText('x-evil').or(page.getByText('user-agent')).first().waitFor();
      }
      const views = page.getByRole('tablist', { name: 'View' }).first();
      await views.waitFor(); // the body is there
      for (const view of await views.getByRole('tab').all()) await view.click();
      const made =
        "document.querySelectorAll('script:not([src]), iframe, img:not([src^=blob]), b.x, [onerror], [onload]').length";
      assert.equal(await evaluate(page, made), 0);
    }
    assert.equal(await evaluate(page, 'window.hit ?? 0'), 0);
    // A reload ends the stream of events, and what cannot be repeated was tried.
    assert.deepEqual(
      complaints.filter((one) => !/\/api\/events net::ERR_ABORTED$|status of 400 \(Bad Request\)$/.test(one)),
      [],
    );
  });

  test('K5 gives nothing to, and does nothing for, a page of another origin in the same browser', async () => {
    const { port } = attackers.address() as AddressInfo;
    const { exchanges } = await inspector.list();
    const id = exchanges.find(({ path }) => path === '/keyed')?.id ?? '';
    const before = await world.target.seen();
    // The second is of the same site, so that the browser sends even a cookie that is `SameSite=Strict`.
    for (const host of ['evil.test', '127.0.0.1', 'localhost']) {
      const attacker = await page.context().newPage();
      await attacker.goto(`http://${host}:${port}/`);
      assert.equal(await framed(attacker, inspector.origin), 'chrome-error://chromewebdata/', host);
      for (const [name, script] of Object.entries(attacksOn(inspector.origin, id)))
        assert.match(String(await evaluate(attacker, script)), /^(?:blocked|opaque)$/, `${name} from ${host}`);
      assert.equal(await evaluate(attacker, opened(inspector.origin)), 'closed', host);
      await attacker.close();
    }
    const now = await inspector.list();
    assert.equal(now.paused, false);
    assert.deepEqual(
      now.exchanges.map((one) => [one.id, one.pinned, one.replayOf]),
      exchanges.map((one) => [one.id, one.pinned, one.replayOf]),
    );
    assert.deepEqual(await world.target.seen(), before);
  });

  test('K18 gives the programs at other ports, which get its cookie, nothing for it', async () => {
    const { port } = attackers.address() as AddressInfo;
    sentToAttackers.length = 0;
    const attacker = await page.context().newPage();
    await attacker.goto(`http://127.0.0.1:${port}/`);
    const cookie = sentToAttackers.find((one) => one.startsWith('postern-inspector-')) ?? '';
    assert.notEqual(cookie, '', 'a browser sends a cookie to every port of a host');
    assert.equal(await evaluate(attacker, 'localStorage.length'), 0, 'what the page keeps is its own');
    await attacker.close();
    // A program says of itself what a browser would never say for a page of another origin.
    const headers = { cookie, origin: inspector.origin, 'sec-fetch-site': 'same-origin' };
    assert.equal((await fetch(`${inspector.origin}/api/exchanges`, { headers })).status, 401);
    const acting = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"paused":true}',
    };
    assert.equal((await fetch(`${inspector.origin}/api/pause`, acting)).status, 401);
    assert.equal((await inspector.list()).paused, false);
  });

  test('K4 is not there under another name that leads to this machine', async () => {
    const { port } = new URL(inspector.origin);
    for (const host of ['rebound.test', '127.0.0.1.evil.test', 'localhost.evil.test']) {
      const attacker = await page.context().newPage();
      const response = await attacker.goto(`http://${host}:${port}/`);
      assert.equal(response?.status(), 421, host);
      assert.equal(await evaluate(attacker, "fetch('/api/tunnels').then(({ status }) => status)"), 421, host);
      await attacker.close();
    }
  });

  test('K5 is locked without its key, and opens with the address that the agent prints', async () => {
    const stranger = await browser.page({ colorScheme: 'dark', width: 390 });
    await stranger.goto(`${inspector.origin}/#filter=is%3Apinned`);
    await stranger.getByRole('heading', { name: 'This page needs its key' }).waitFor();
    await stranger.getByLabel('Address or key').fill('a wrong key');
    await stranger.getByRole('button', { name: 'Open' }).click();
    await stranger.getByRole('alert').getByText(/./).waitFor();
    await stranger.getByLabel('Address or key').fill(inspector.address);
    await stranger.getByRole('button', { name: 'Open' }).click();
    await stranger.locator('.rows [role=row]', { hasText: '/keyed' }).waitFor();
    await screenshot(stranger, 'inspector-phone-dark');
  });

  test('repeats a request several times, pauses and clears all but what is pinned', async () => {
    await ana.fetch(`${world.url}/thrice`);
    await rows('/thrice').click();
    await page.keyboard.press('e');
    await page.getByLabel('Times').fill('3');
    await page.getByRole('button', { name: 'Send' }).click();
    await rows('/thrice').filter({ hasText: '200' }).nth(3).waitFor(); // not the notice, which goes by itself
    assert.equal(await reached('/thrice'), 4);
    await page.keyboard.press('Escape'); // the notice
    await page.keyboard.press('Escape'); // the detail
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('.connection', { hasText: 'paused' }).waitFor();
    await ana.fetch(`${world.url}/unseen`);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.locator('.connection', { hasText: 'live' }).waitFor();
    assert.equal((await inspector.list('path:/unseen')).exchanges.length, 0);
    const kept = (await inspector.list('is:pinned')).exchanges.map(({ id }) => id);
    assert.equal(kept.length, 1);
    await inspector.ask(`/api/exchanges/${kept[0]}/note`, { method: 'POST', body: { text: 'keep me' } });
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await rows('/thrice').first().waitFor({ state: 'detached' });
    assert.deepEqual(
      await rows().evaluateAll((all) => all.map(({ id }) => id)),
      kept.map((id) => `row-${id}`),
    );
    await rows('keep me').waitFor();
  });

  test('says when the agent is gone, or another one, and goes on by itself', async () => {
    const alone = await browser.page();
    alone.setDefaultTimeout(20_000);
    await alone.goto(inspector.address);
    const shown = alone.locator('.rows [role=row]');
    const gone = (route: Route) => route.abort().catch(() => undefined); // of a page that has gone on meanwhile
    await shown.first().waitFor();
    await alone.route('**/api/**', gone);
    await alone.reload();
    await alone.getByText('The agent does not respond').waitFor();
    await alone.unrouteAll({ behavior: 'ignoreErrors' });
    await shown.first().waitFor();
    await alone.getByText('The agent does not respond').waitFor({ state: 'detached' });

    await alone.route('**/api/**', gone);
    await alone.reload();
    await alone.getByText('The agent does not respond').waitFor();
    await alone.route('**/api/**', (route) =>
      route.fulfill({ status: 401, json: { error: { code: 'x', message: 'x' } } }),
    );
    await alone.getByRole('heading', { name: 'The agent was started again' }).waitFor();
    await alone.unrouteAll({ behavior: 'ignoreErrors' });
    // Pasted into the very page, which is not loaded again for it.
    await evaluate(alone, `location.href = ${JSON.stringify(inspector.address)}`);
    await shown.first().waitFor();
    assert.doesNotMatch(alone.url(), /key/);

    await alone.route('**/api/**', gone);
    await alone.reload();
    await alone.getByText('The agent does not respond').waitFor();
    await alone.route('**/api/**', (route) =>
      route.fulfill({ status: 401, json: { error: { code: 'x', message: 'x' } } }),
    );
    await alone.getByRole('heading', { name: 'The agent was started again' }).waitFor();
    await alone.unrouteAll({ behavior: 'ignoreErrors' });
    // As the key `i` of the agent does it, in a page of the same browser.
    const other = await alone.context().newPage();
    await other.goto(inspector.address);
    await shown.first().waitFor();
    await other.close();

    await world.agent.terminate();
    await alone.getByText('The agent does not respond').waitFor();
    await shown.first().waitFor();
  });
});
