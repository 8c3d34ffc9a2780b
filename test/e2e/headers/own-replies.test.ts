/**
 * A reply of the edge can always be told from a response of the app: it says so, is never kept, and shows nothing unescaped.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { overEach } from '../../support/versions.js';

describe('an answer', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', allow: ['@acme.com'] });

  overEach(world, () => {
    test('a reply of the edge says so, is never kept and can be found in the log', async () => {
      const { url, base } = world;
      const answers = [
        await world.visitor().navigate(`${url}/`),
        await world.visitor().fetch(`${url}/`),
        await world.visitor().bare(`${url}/.postern/userinfo`),
        await ana.fetch(`${url}/.postern/userinfo`),
        await ana.fetch(`${url}/.postern/nothing`),
        await ana.navigate(`${url}/.postern/session?ticket=x`),
        await ana.navigate(`${url}/.postern/sign_out`, { initiator: 'https://evil.example' }),
        await ana.navigate(`${base}/`),
        await ana.navigate(`${base}/nothing`),
        await ana.navigate(`${base}/oauth2/start?rd=%2F`),
        await world.visitor().navigate(`${base}/oauth2/start?rd=%2F`),
        await ana.navigate(`${base}/oauth2/callback?code=x&state=y`),
        await ana.navigate(`${base}/oauth2/signed_out`),
        await ana.bare(`${url}/`, { method: 'TRACE' }),
        await ana.bare(`${url}/`, { headers: { expect: 'a miracle' } }),
        await world.visitor().bare(`${world.urlOf('www')}/`),
      ];
      const ids = new Set<unknown>();
      for (const { status, headers, url: asked } of answers) {
        assert.equal(headers['cache-control'], 'no-store', asked);
        assert.equal(headers['postern-error'] !== undefined, status >= 400, asked);
        assert.equal(headers['x-powered-by'], undefined);
        assert.equal(headers['etag'], undefined);
        const id = headers['x-request-id'];
        ids.add(id);
        await world.edge.record((line) => line['requestId'] === id);
      }
      assert.equal(ids.size, answers.length);
    });

    test('a page of the edge runs, frames and tells nothing, and escapes what it shows', async () => {
      const visitor = world.visitor();
      const xss = encodeURIComponent('"><script>alert(1)</script>');
      const pages = [
        await visitor.navigate(`${world.base}/oauth2/callback?error=${xss}&error_description=${xss}&state=${xss}`),
        await visitor.navigate(`${world.base}/${xss}`),
        await visitor.open(`${world.url}/.postern/session?ticket=${xss}&rd=${xss}`),
        await visitor.navigate(`${world.url}/form?${xss}`, { method: 'POST', initiator: world.url }),
      ];
      for (const { text, headers, url } of pages) {
        assert.match(headers['content-type'] ?? '', /^text\/html/, url);
        assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['referrer-policy'], 'no-referrer');
        assert.equal(text.includes('<script'), false);
      }
    });

    test('a response of the app cannot pass for a reply of the edge', async () => {
      const lines = [
        'Postern-Error: ERR_LOGIN_REQUIRED',
        'postern_error: x',
        'Postern-Anything: x',
        'X-App: kept',
        'X-Request-Id: of-the-app',
      ];
      const query = new URLSearchParams(lines.map((line) => ['header', line]));
      for (const status of ['200', '401', '503']) {
        const { headers, status: got } = await ana.fetch(`${world.url}/answer?status=${status}&${query}`);
        assert.equal(String(got), status);
        assert.deepEqual(
          [headers['postern-error'], headers['postern_error'], headers['postern-anything']],
          [undefined, undefined, undefined],
        );
        assert.deepEqual([headers['x-app'], headers['x-request-id']], ['kept', 'of-the-app']);
      }
    });

    test('a gated response of the app is private unless the app has decided on sharing', async () => {
      const answered = async (...lines: string[]) => {
        const query = new URLSearchParams(lines.map((line) => ['header', line] as [string, string]));
        return (await ana.fetch(`${world.url}/answer?${query}`)).headers['cache-control'];
      };
      assert.equal(await answered(), 'private');
      assert.equal(await answered('Cache-Control: max-age=60'), 'max-age=60, private');
      assert.equal(await answered('Cache-Control: public, max-age=60'), 'public, max-age=60');
      assert.equal(await answered('Cache-Control: no-store'), 'no-store');
    });
  });
});
