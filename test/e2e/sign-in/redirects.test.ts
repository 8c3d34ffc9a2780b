/**
 * Where a visitor is sent after signing in and out. `rd` comes from anybody: whatever it is, nobody ends outside this
 * edge, on a sibling, or with something of the sign-in in a URL that others see.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { readReturnTarget } from '../../../src/auth/session/return-path.js';
import { readForms } from '../../support/forms.js';
import { readHandOff } from '../../support/hand-off.js';
import { inWorld } from '../../support/in-world.js';
import { BASE, checkContained, openRedirects, unescapeOnce } from '../../support/return-paths.js';
import { ticketUrl } from '../../support/sign-in-steps.js';
import type { Echo } from '../../support/target-paths.js';
import { overEach } from '../../support/versions.js';
import type { VisitorResponse } from '../../support/visitor.js';

const EVIL = 'evil.example';

const corpus = openRedirects() ?? [];
const withCorpus = { skip: corpus.length === 0 && 'the public corpus is not beside this checkout' };

describe('a redirect', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', manyAddresses: true });
  let second: string;

  before(async () => {
    await world.startAgent({ name: 'dev-two' });
    second = world.urlOf('dev-two');
  });

  const ours = () => [world.base, world.url, second];

  /** Where a start with this `rd` leads somebody who is signed in already, and hence nowhere near the provider. */
  async function leadsTo(rd: string, visitor = ana): Promise<URL> {
    const response = await visitor.navigate(`${world.base}/oauth2/start?rd=${encodeURIComponent(rd)}`);
    assert.equal(response.status, 302, rd);
    assert.equal(response.text, '', 'no link in the body either');
    const next = new URL(response.headers.location ?? '', world.base);
    assert.ok(ours().includes(next.origin), `${JSON.stringify(rd)} leads to ${response.headers.location}`);
    return next;
  }

  /** Everything that these lead to is a front page of this edge. */
  async function leadHome(rds: readonly string[]): Promise<void> {
    for (const rd of rds) {
      const next = await leadsTo(rd);
      const path = next.pathname === '/.postern/session' ? next.searchParams.get('rd') : next.pathname + next.search;
      assert.equal(path, '/', JSON.stringify(rd));
      await stayOnTunnel(rd);
    }
  }

  /** A tunnel's own start: back to that tunnel, to its front page for anything doubtful. */
  async function stayOnTunnel(rd: string): Promise<void> {
    const { status, headers, text } = await world
      .visitor()
      .navigate(`${world.url}/.postern/session?rd=${encodeURIComponent(rd)}`);
    assert.deepEqual([status, text], [302, ''], rd);
    const next = new URL(headers.location ?? '');
    assert.equal(next.origin, world.base, rd);
    const back = new URL(next.searchParams.get('rd') ?? '');
    assert.deepEqual([back.origin, back.pathname, back.search], [world.url, '/', ''], JSON.stringify(rd));
  }

  function staysHere({ trail }: VisitorResponse, message: string): void {
    for (const url of trail) assert.ok([world.issuer, ...ours()].includes(new URL(url).origin), `${message}: ${url}`);
  }

  test('A1 no line of the public corpus leaves this edge, raw, decoded or encoded twice', withCorpus, async () => {
    assert.ok(corpus.length > 500);
    for (const line of corpus) {
      for (const rd of [line, unescapeOnce(line), encodeURIComponent(line)]) {
        const next = await leadsTo(rd);
        if (next.origin !== world.base) assert.fail(`${rd} names no tunnel`);
      }
    }
  });

  test('A1 what the URL Standard reads as another place becomes the front page, in every encoding', withCorpus, () => {
    let refused = 0;
    for (const line of corpus) {
      const once = unescapeOnce(line);
      for (const rd of [line, once, unescapeOnce(once)]) {
        checkContained(rd);
        const target = readReturnTarget(rd, BASE);
        assert.equal(target.place, 'base');
        const leaves = !URL.canParse(rd, BASE.origin) || new URL(rd, BASE.origin).origin !== BASE.origin;
        if (!leaves) continue;
        refused += 1;
        assert.equal(target.path, '/', rd);
      }
    }
    assert.ok(refused > 419, `${refused} would have left`);
  });

  test(
    'A1 a whole sign-in that starts with a line of the corpus stays at the provider and this edge',
    withCorpus,
    async () => {
      for (const line of corpus) {
        const visitor = world.visitor();
        const rd = encodeURIComponent(unescapeOnce(line));
        const response = await visitor.navigate(`${world.base}/oauth2/start?rd=${rd}`);
        assert.equal(new URL(response.headers.location ?? '').origin, world.issuer, line);
        visitor.close();
      }
      for (const line of corpus.filter((_line, at) => at % 30 === 0)) {
        const rd = encodeURIComponent(unescapeOnce(line));
        staysHere(await world.visitor().signIn(`${world.base}/oauth2/start?rd=${rd}`, 'ana'), line);
      }
    },
  );

  test('A2 control characters lead home', () =>
    leadHome([
      '/\t/evil.com',
      '/\n//evil.com',
      '/\r//evil',
      '/\u000b/evil',
      '/\t\\evil',
      `\t//${EVIL}`,
      ` //${EVIL}`,
      `/ /${EVIL}`,
      `/\u0000/${EVIL}`,
      '/\u007f/evil',
      '/\u2028/evil',
      '\u3000//evil',
      'java\nscript:alert(1)',
      `${world.base}\t.${EVIL}`,
      '/x\r\nSet-Cookie: a=b',
    ]));

  test('A2 escaped control characters stay escaped, on this edge', async () => {
    for (const rd of [
      '/%09/evil.com',
      '/%0a//evil.com',
      '/%0d//evil',
      '/%0b/evil',
      '/%00/evil',
      '/%0d%0aSet-Cookie:a=b',
    ]) {
      assert.equal((await leadsTo(rd)).origin, world.base);
      const response = await ana.navigate(`${world.base}/oauth2/start?rd=${rd}`); // unescaped once by the query
      assert.equal(response.headers.location, '/');
      assert.equal(
        response.setCookies.some((line) => line.startsWith('a=')),
        false,
      );
    }
  });

  test('A3 backslashes lead home', () =>
    leadHome([
      `/\\${EVIL}`,
      `/\\/${EVIL}`,
      `\\\\${EVIL}`,
      `\\/\\/${EVIL}`,
      `/./\\${EVIL}`,
      `/x/..\\${EVIL}`,
      `/x\\..\\..//${EVIL}`,
      `http:\\\\${EVIL}`,
      `${world.base}\\@${EVIL}`,
      `${world.base}\\.${EVIL}`,
      `${world.url}\\@${EVIL}`,
    ]));

  const pieces = fc.constantFrom(
    ...[
      '/',
      '\\',
      '//',
      '.',
      '..',
      '@',
      ':',
      '?',
      '#',
      '%2f',
      '%5c',
      '%09',
      '%2e',
      '\t',
      '\n',
      '\r',
      '\0',
      ' ',
      '\u3002',
    ],
    ...[
      'https:',
      'http:',
      'javascript:',
      'evil.com',
      'tunnel.test',
      '.tunnel.test',
      'app',
      'localhost:8080',
      'oauth2',
      'é',
    ],
    ...['https://tunnel.test', 'https://app.tunnel.test', 'http://demo.localhost:8080', '443', '名', '\ud800'],
  );

  test('A4 nothing that is put together from the pieces of an attack leaves the edge by the URL Standard', () => {
    const property = fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => checkContained(parts.join('')));
    fc.assert(property, { numRuns: 5000 });
  });

  test('A4 no text, URL or path leaves the edge by the URL Standard', () => {
    const parts = { withFragments: true, withQueryParameters: true };
    const rd = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(parts), fc.webPath(), fc.string());
    const property = fc.property(rd, (text) => {
      checkContained(text);
      checkContained(`/${text}`);
      checkContained(`https://app.tunnel.test${text}`);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('A5 authorities that only look like ours lead home', () =>
    leadHome([
      `${world.base}@${EVIL}/`,
      `${world.base}.${EVIL}/`,
      world.base.replace('://', `://${EVIL}%2f`),
      `${world.url}@${EVIL}`,
      `${world.url}.${EVIL}`,
      world.base.replace('://', '://a:b@'),
      world.base.replace('://', '://@'),
      world.base.replace('://', `://${EVIL}:80@`),
      world.base.replace('localhost', 'evillocalhost'),
      world.base.replace(/\d+$/, '1'),
      world.base.replace(/:\d+$/, ''),
      world.base.replace(/:(\d+)$/, ':0$1'),
      world.base.replace('http:', 'https:'),
      world.base.replace('http:', ''),
      world.base.replace('localhost', 'LOCALHOST'),
      world.base.replace('localhost', '127.0.0.1'),
      world.base.replace('localhost', '[::1]'),
      world.url.replace('localhost', 'localhost.'),
      world.urlOf('a.b'),
      world.urlOf('www'),
      world.urlOf(''),
      world.urlOf('xn--e'),
      world.urlOf('%64emo'),
      world.urlOf('demo%00'),
      world.urlOf('démo'),
    ]));

  test('A6 whatever else is doubtful leads home', () =>
    leadHome([
      `https://${EVIL}/`,
      `//${EVIL}/`,
      `///${EVIL}`,
      `////${EVIL}`,
      `/.//${EVIL}`,
      `/..//${EVIL}`,
      `/x/..//${EVIL}`,
      `/%2e%2e//${EVIL}`,
      `/%2e//${EVIL}`,
      `http:${EVIL}`,
      `http:/${EVIL}`,
      `http:///${EVIL}`,
      `HTTP://${EVIL}`,
      `ftp://${EVIL}`,
      `〱${EVIL}`,
      `／${EVIL}`,
      `//${EVIL}。com`,
      `${world.url}/.postern/sign_out`,
      `${world.url}/.postern%2fsign_out`,
      `${world.url}/x/../.postern/session?ticket=x`,
      `/.postern/sign_out`,
      `/./.POSTERN/session`,
      '?',
      '#',
      '',
      '.',
      '..',
      'x',
      `@${EVIL}`,
      `:80/`,
      `[${EVIL}`,
      '/'.repeat(9000),
    ]));

  test('A6 paths of ours on the base host lead home there, so that no sign-in ends in another step of one', async () => {
    for (const rd of [
      '/oauth2/sign_out',
      '/OAUTH2/sign_out',
      '/%6fauth2/start?rd=/',
      '/x/../oauth2/start',
      '/.postern/link',
    ]) {
      const next = await leadsTo(rd);
      assert.deepEqual([next.origin, next.pathname, next.search], [world.base, '/', ''], rd);
    }
  });

  test('A7 a tunnel returns to its own paths only, and never to a sibling or the base host', async () => {
    for (const rd of [`${second}/steal`, second, `${world.base}/`, `//${new URL(second).host}/steal`])
      await stayOnTunnel(rd);
  });

  test('A7 what a start for a sibling gives away opens nothing there: no code, no ticket, and that tunnel’s own nonce', async () => {
    const rd = encodeURIComponent(`${second}/steal`);
    const first = await ana.navigate(`${world.base}/oauth2/start?rd=${rd}`);
    const next = new URL(first.headers.location ?? '');
    assert.equal(next.origin + next.pathname, `${second}/.postern/session`);
    assert.deepEqual([...next.searchParams.keys()], ['rd']);
    // A nonce that the attacker made up, or one of another host, gets no ticket.
    const own = new URL((await world.visitor().navigate(`${world.url}/`)).headers.location ?? '').searchParams.get(
      'nonce',
    );
    for (const nonce of ['A'.repeat(43), `${'A'.repeat(43)}.${'A'.repeat(43)}`, own]) {
      const chosen = await ana.navigate(`${world.base}/oauth2/start?rd=${rd}&nonce=${nonce}`);
      assert.equal(chosen.headers.location, `${second}/.postern/session?rd=/steal`);
    }
    // One that the edge made for the attacker's own browser gets a ticket, which counts in no other browser.
    const theirs = (await world.visitor().navigate(`${second}/steal`)).headers.location ?? '';
    const page = readHandOff((await ana.navigate(theirs)).text);
    assert.equal(page?.kind, 'hand-off');
    const ticket = await ana.navigate(page?.kind === 'hand-off' ? page.url : '');
    assert.deepEqual(
      [ticket.status, ticket.headers.location, ticket.setCookies],
      [302, `${world.base}/oauth2/failed?rd=${second}/`, []],
    );
    assert.equal(ticket.headers['referrer-policy'], 'no-referrer');
  });

  test('A7 a sign-in leaves no code, state, ticket or nonce in the URL where it ends, nor in a Referer on the way', async () => {
    const visitor = world.visitor();
    const page = await visitor.signIn(`${world.url}/deep?x=1`, 'ana');
    assert.equal(page.url, `${world.url}/deep?x=1`);
    const { rawHeaders } = page.json() as Echo;
    assert.equal(
      rawHeaders.some((name) => name.toLowerCase() === 'referer'),
      false,
    );
    const answers = [await visitor.navigate(`${world.base}/oauth2/start?rd=%2F`)];
    for (const { headers } of answers) assert.equal(headers['referrer-policy'], 'no-referrer');
  });

  test('A8 schemes that are no place lead home', () =>
    leadHome([
      'javascript:alert(1)',
      'JaVaScript:alert(1)',
      `javascript://${new URL(world.base).host}/%0aalert(1)`,
      'data:text/html,x',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:x',
      `HTTPS:/\\${EVIL}`,
      'file:///etc/passwd',
      `blob:${world.base}/x`,
      `view-source:${world.base}/`,
      '/"><script>alert(1)</script>\\',
    ]));

  test('A9 a sign-out ends at the provider or here, whatever its query says', async () => {
    const lines = corpus.map(unescapeOnce);
    const rds = [
      ...lines.filter((_line, at) => at % 12 === 0),
      `https://${EVIL}/`,
      `//${EVIL}`,
      `${second}/steal`,
      '/\\evil',
    ];
    const provider = world.visitor(); // signed out already: the answer is the same, and the world need not sign in again
    for (const rd of rds) {
      const text = encodeURIComponent(rd);
      const query = `rd=${text}&post_logout_redirect_uri=${text}&redirect_uri=${text}&returnTo=${text}`;
      const first = await provider.navigate(`${world.url}/.postern/sign_out?${query}`);
      assert.equal(first.headers.location, `${world.base}/oauth2/sign_out`);
      const from = `${world.base}/oauth2/sign_out?${query}`;
      const page = await provider.navigate(from);
      assert.deepEqual(
        readForms(page.text, page.url).map(({ action }) => action.href),
        [`${world.base}/oauth2/sign_out`],
      );
      for (const leave of [`${from}`, `${from}&of=${text}`]) {
        const { status, headers } = await provider.navigate(leave, { method: 'POST', initiator: world.base });
        assert.equal(status, 302);
        const next = new URL(headers.location ?? '', from);
        assert.ok([world.issuer, world.base].includes(next.origin), rd);
        assert.deepEqual(next.searchParams.getAll('post_logout_redirect_uri'), [`${world.base}/oauth2/signed_out`]);
      }
    }
  });

  test('A9 the page behind a sign-out links nowhere but here', async () => {
    const page = await world.visitor().open(`${world.base}/oauth2/signed_out?rd=https://${EVIL}&returnTo=//${EVIL}`);
    assert.equal(page.status, 200);
    assert.equal(page.text.includes(EVIL), false);
  });

  const query = Array.from({ length: 150 }, (_, at) => `key${at}=value%20%2B${at}`).join('&');
  const deepLinks: Record<string, string> = {
    'an encoded slash and an encoded query': '/a%2Fb?x=1&y=%2F',
    'a query of 3 kB': `/report?${query}`,
    'a path of UTF-8': encodeURI('/é/名前?ß=ü'),
    'two slashes, dots and a lone question mark': '/a//b/c..d/.e/%7Ef?',
    'what looks like an encoding of an encoding': '/%252F?q=%25%32%46&q=%5C&plus=+',
    'signs that URLs seldom hold': '/a"b<c>d`e{f}|g^h;i=j,k?[]=\'()*!@$&~',
    'a path that is ours on the base host only': '/oauth2/callback?code=of-the-app',
    'a query that names another place': '/go?rd=https://evil.example/&next=//evil.example',
  };
  overEach(world, () => {
    for (const [name, path] of Object.entries(deepLinks)) {
      test(`A10 a deep link comes back byte for byte: ${name}`, async () => {
        const visitor = world.visitor();
        const first = await visitor.navigate(world.url, { path });
        assert.equal(first.status, 302);
        const redeemed = await visitor.navigate(await ticketUrl(visitor, first.headers.location ?? '', 'ana'));
        assert.equal(redeemed.headers.location, path);
        const page = await visitor.navigate(world.url, { path });
        assert.equal((page.json() as Echo).url, path);
      });
    }
  });
});
