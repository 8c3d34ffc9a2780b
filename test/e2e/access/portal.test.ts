/** The pages on which an owner manages a tunnel: forms that work without script, and only from the edge's own pages. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiOf } from '../../support/api.js';
import { browserMissing, screenshot, watch } from '../../support/browser.js';
import { inBrowser, inWorld } from '../../support/in-world.js';
import type { Visitor } from '../../support/visitor.js';
import { PEOPLE } from '../../support/world-options.js';

const STRANGERS = ['zoe', 'tom'].map((sub) => ({
  ...{ sub, name: sub, email: `${sub}@elsewhere.test`, email_verified: true },
}));
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('the page of a tunnel', () => {
  const { world } = inWorld({
    ...{ accounts: [...PEOPLE, ...STRANGERS], manyAddresses: true, edgeEnv: { POSTERN_ADMINS: 'ana@acme.com' } },
  });
  const statusOf = async (visitor: Visitor) => (await visitor.fetch(`${world.url}/`)).status;

  function post(visitor: Visitor, fields: Record<string, string>, options: object = {}) {
    const body = new URLSearchParams(fields).toString();
    return visitor.fetch(`${world.base}/tunnels/demo`, { method: 'POST', headers: FORM, body, ...options });
  }

  async function knock(account = 'eve'): Promise<Visitor> {
    const eve = world.visitor();
    await eve.signIn(`${world.url}/`, account);
    await eve.fetch(`${world.base}/access`, { method: 'POST', headers: FORM, body: 'to=demo&message=May+I%3F' });
    return eve;
  }

  test('shows its owner who asks and who is here, and does what each button says', async () => {
    const dev = await world.signedIn('dev');
    const eve = await knock();
    const page = await dev.open(`${world.base}/tunnels/demo`);
    assert.match(page.text, /eve@elsewhere\.test<span>“May I\?” · just now/);
    assert.match(page.text, /dev@acme\.com<span>the owner/);
    assert.match(page.text, /@acme\.com<span>by its agent/);
    const answered = await dev.press(page, ['act', 'answer-allow-8h']);
    assert.match(answered.text, /eve@elsewhere\.test<span>let in by dev@acme\.com · for 8 h more/);
    assert.equal(await statusOf(eve), 200);
    assert.equal((await post(dev, { act: 'deny', about: 'eve@elsewhere.test' })).status, 303);
    assert.equal(await statusOf(eve), 403);
    assert.equal((await post(dev, { act: 'take-back', about: 'eve@elsewhere.test' })).status, 303);
    const wrong = await post(dev, { act: 'allow', about: 'eve' });
    assert.deepEqual([wrong.status, /A rule is/.test(wrong.text)], [400, true]);
    assert.equal((await post(dev, { act: 'nonsense', about: 'eve@elsewhere.test' })).status, 400);
    const made = await post(dev, { act: 'invite', about: '' });
    const [, link = ''] = /<p>(http\S+\/invite\?to=demo&amp;code=\S+)<\/p>/.exec(made.text) ?? [];
    assert.equal((await eve.open(link.replace('&amp;', '&'))).status, 200);
    const [, id = ''] = /name="about" value="([0-9a-f]{12})"/.exec(made.text) ?? [];
    assert.equal((await post(dev, { act: 'revoke-invite', about: id })).status, 303);
    assert.equal((await eve.open(link.replace('&amp;', '&'))).status, 404);
    const listed = await dev.open(`${world.base}/tunnels`);
    assert.match(listed.text, /href="\/tunnels\/demo">demo<span>online/);
    assert.match((await dev.open(`${world.base}/`)).text, /href="\/tunnels"/);
  });

  test('Y13 is not there for others, but for administrators', async () => {
    const bob = await world.signedIn('bob');
    for (const name of ['demo', 'none']) {
      const page = await bob.open(`${world.base}/tunnels/${name}`);
      assert.deepEqual([page.status, /You have no tunnel of this name/.test(page.text)], [404, true]);
    }
    assert.equal((await post(bob, { act: 'allow', about: 'eve@elsewhere.test' })).status, 404);
    assert.doesNotMatch((await bob.open(`${world.base}/tunnels`)).text, /demo/);
    assert.doesNotMatch((await bob.open(`${world.base}/`)).text, /href="\/tunnels"/);
    const ana = await world.signedIn('ana');
    assert.match((await ana.open(`${world.base}/tunnels`)).text, /demo<span>online.* · of dev@acme\.com/);
    assert.equal((await ana.open(`${world.base}/tunnels/demo`)).status, 200);
    const stranger = await world.visitor().navigate(`${world.base}/tunnels/demo`);
    assert.equal(stranger.headers.location, '/oauth2/start?rd=/tunnels/demo');
  });

  test('Y14 acts for its own forms only, whatever session another page brings', async () => {
    const dev = await world.signedIn('dev');
    const fields = { act: 'allow', about: 'eve@elsewhere.test' };
    for (const initiator of [world.url, 'https://elsewhere.test']) {
      assert.equal((await post(dev, fields, { initiator })).status, 403);
      const agents = { method: 'POST', headers: FORM, body: 'id=x', initiator };
      assert.equal((await dev.fetch(`${world.base}/agents`, agents)).status, 403);
    }
    const bare = { method: 'POST', headers: FORM, body: new URLSearchParams(fields).toString() };
    assert.equal((await dev.bare(`${world.base}/tunnels/demo`, bare)).status, 403);
    assert.doesNotMatch((await dev.open(`${world.base}/tunnels/demo`)).text, /eve@elsewhere\.test/);
    const { headers } = await dev.open(`${world.base}/tunnels/demo`);
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
  });

  describe('in two browsers', { skip: browserMissing() }, () => {
    const browser = inBrowser();

    for (const [colorScheme, width] of [
      ['light', 1200],
      ['dark', 360],
    ] as const) {
      test(`the owner lets a visitor in with one click, and both pages follow by themselves (${colorScheme})`, async () => {
        await (await apiOf(world))('DELETE', '/tunnels/demo/grants/eve%40elsewhere.test'); // of a test that has failed
        const owner = await browser.page({ colorScheme, width, visitor: await world.signedIn('dev') });
        const visitor = await browser.page({ visitor: await world.signedIn('eve') });
        const complaints = watch(owner);
        await owner.goto(`${world.base}/tunnels/demo`);
        await visitor.goto(`${world.url}/`);
        await visitor.getByRole('link', { name: 'Ask for access' }).click();
        await visitor.getByLabel('A short message').fill('<img src=x onerror=alert(1)>');
        await visitor.getByRole('button', { name: 'Ask for access' }).click();
        await owner.getByText('“<img src=x onerror=alert(1)>”').waitFor();
        await screenshot(owner, `tunnel-page-${colorScheme}`);
        const sideways = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
        assert.equal(await owner.evaluate(sideways), false);
        await owner.getByRole('button', { name: 'Allow' }).press('Enter');
        await visitor.waitForURL(`${world.url}/`);
        await owner.getByText('let in by dev@acme.com').waitFor();
        await owner.getByRole('button', { name: 'Shut out' }).first().waitFor();
        // The stream of events, and a refresh that is under way, end when a form is sent.
        const isExpected = (text: string) => /\/api\/v1\/events|\/tunnels\/demo net::ERR_ABORTED/.test(text);
        const others = complaints.filter((text) => !isExpected(text));
        assert.deepEqual(others, []);
        await owner.getByRole('button', { name: 'Take back' }).click();
        await owner.getByText('let in by dev@acme.com').waitFor({ state: 'detached' });
        await Promise.all([owner.close(), visitor.close()]);
      });
    }

    test('what is new moves nothing under a pointer or a focus, is spoken, and shows once they are elsewhere', async () => {
      await (await apiOf(world))('DELETE', '/tunnels/demo/grants/eve%40elsewhere.test'); // of a test before
      await knock();
      const owner = await browser.page({ visitor: await world.signedIn('dev') });
      await owner.goto(`${world.base}/tunnels/demo`);
      const asks = (email: string) => owner.locator('.rows > li', { hasText: email });
      const allow = asks('eve@elsewhere.test').getByRole('button', { name: 'Allow' });
      const letIn = owner.getByRole('button', { name: 'Let in' });
      const places = async () => JSON.stringify([await allow.boundingBox(), await letIn.boundingBox()]);
      const status = owner.getByRole('status');

      await allow.hover();
      const before = await places();
      await knock('zoe');
      await status.getByText('1 new').waitFor();
      assert.deepEqual([await places(), await asks('zoe@').count()], [before, 0]);
      await owner.mouse.move(1, 1);
      await asks('zoe@').getByRole('button', { name: 'Allow' }).waitFor();

      await allow.focus();
      const focused = await places();
      await knock('tom');
      await status.getByText('1 new').waitFor();
      assert.deepEqual([await places(), await asks('tom@').count()], [focused, 0]);
      await owner.getByRole('button', { name: 'Show' }).press('Enter');
      await asks('tom@').getByRole('button', { name: 'Allow' }).waitFor();
      assert.match(String(await owner.evaluate("document.activeElement.closest('li')?.textContent")), /^eve@/);
      await owner.keyboard.press('Enter');
      await owner.getByText('let in by dev@acme.com').waitFor();
      await owner.close();
    });
  });
});
