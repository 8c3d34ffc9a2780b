import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ReturnTarget, readReturnPath, readReturnTarget } from '../../../../src/auth/session/return-path.js';
import { BASE, checkContained, LOCAL } from '../../../support/return-paths.js';

const home: ReturnTarget = { place: 'base', path: '/' };
const onBase = (path: string): ReturnTarget => ({ place: 'base', path });
const onTunnel = (name: string, path: string): ReturnTarget => ({ place: 'tunnel', name, path });

const LONG = `/report?${'q=%2F&'.repeat(500)}end`;

const KEPT: readonly (readonly [string, ReturnTarget])[] = [
  ['/', onBase('/')],
  ['/a/b', onBase('/a/b')],
  ['/a%2Fb?x=1&y=%2F', onBase('/a%2Fb?x=1&y=%2F')],
  ['/a%2Fb?x=1&y=%2F#frag', onBase('/a%2Fb?x=1&y=%2F')],
  ['/a?next=https://evil.com//x', onBase('/a?next=https://evil.com//x')],
  ['/a//b', onBase('/a//b')],
  ['/a/../b', onBase('/a/../b')],
  ['/a?', onBase('/a?')],
  ['/?x', onBase('/?x')],
  ['/~ana/%E5%90%8D', onBase('/~ana/%E5%90%8D')],
  ['/\u00c3\u00a9', onBase('/\u00c3\u00a9')],
  ['/x@evil.com', onBase('/x@evil.com')],
  ['/%252f%252fevil.com', onBase('/%252f%252fevil.com')],
  ['/evil.com:80', onBase('/evil.com:80')],
  ['/oauth2x', onBase('/oauth2x')],
  ['/x/oauth2/start', onBase('/x/oauth2/start')],
  ['/?x=/oauth2/start', onBase('/?x=/oauth2/start')],
  [LONG, onBase(LONG)],
  ['https://tunnel.test', onBase('/')],
  ['https://tunnel.test/', onBase('/')],
  ['https://tunnel.test/a?b', onBase('/a?b')],
  ['https://tunnel.test?b=1', onBase('/?b=1')],
  ['https://app.tunnel.test', onTunnel('app', '/')],
  ['https://app.tunnel.test/', onTunnel('app', '/')],
  ['https://app.tunnel.test#x', onTunnel('app', '/')],
  ['https://app.tunnel.test?x=1', onTunnel('app', '/?x=1')],
  ['https://app.tunnel.test/a%2Fb?x=1&y=%2F', onTunnel('app', '/a%2Fb?x=1&y=%2F')],
  [`https://app.tunnel.test${LONG}`, onTunnel('app', LONG)],
  ['https://app.tunnel.test/oauth2/callback?x', onTunnel('app', '/oauth2/callback?x')],
];

/** Hosts of this edge with a doubtful path: the host is kept, the path is not. */
const PATH_DROPPED: readonly string[] = ['//evil.com', '/\\evil.com', '/a\\b', '/\tx', '/a b', '/.postern/sign_out'];

/** The edge's own on the base host, the app's on a tunnel. */
const OF_THE_BASE_HOST: readonly string[] = [
  '/oauth2',
  '/oauth2/',
  '/oauth2/start?rd=/oauth2/start',
  '/oauth2/sign_out',
  '/a/../oauth2/sign_out',
  '/%6fauth2/sign_out',
  '/OAuth2/sign_out',
];

const REFUSED: readonly string[] = [
  '',
  ' ',
  ' /a',
  '/a ',
  'a',
  'a/b',
  '?x',
  '#x',
  '.',
  '..',
  './a',
  '../a',
  'evil.com',
  'www.evil.com/x',
  '//evil.com',
  '///evil.com',
  '////evil.com',
  '/\\evil.com',
  '/\\/evil.com',
  '\\\\evil.com',
  '\\/evil.com',
  '/./\\evil.com',
  '/.//evil.com',
  '/..//evil.com',
  '/%2e//evil.com',
  '/a/..//evil.com',
  '/\t/evil.com',
  '/\n//evil.com',
  '/\r//evil.com',
  '/\u000b/evil.com',
  '/\t\\evil.com',
  '\t//evil.com',
  '\0/evil.com',
  '/\0/evil.com',
  '/\u007f/evil.com',
  '/\u2028/evil.com',
  '/\uff0fevil.com',
  '/\u540d',
  '/\ud800',
  'javascript:alert(1)',
  'JAVASCRIPT:alert(1)//tunnel.test',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'file:///etc/passwd',
  'mailto:a@tunnel.test',
  'blob:https://tunnel.test/x',
  'view-source:https://tunnel.test/',
  'http://evil.com',
  'https://evil.com',
  'https:evil.com',
  'https:/evil.com',
  'https:///evil.com',
  'https:\\\\evil.com',
  'HTTPS:/\\evil.com',
  'HTTPS://tunnel.test/',
  'https:/tunnel.test/',
  'https:tunnel.test/',
  'http://tunnel.test/',
  'http://app.tunnel.test/',
  'ws://app.tunnel.test/',
  'https://Tunnel.test/',
  'https://APP.tunnel.test/',
  'https://tunnel.test@evil.com',
  'https://app.tunnel.test@evil.com/x',
  'https://app.tunnel.test:x@evil.com/',
  'https://evil.com@tunnel.test/',
  'https://a:b@app.tunnel.test/',
  'https://@tunnel.test/',
  'https://tunnel.test.evil.com/',
  'https://app.tunnel.test.evil.com/',
  'https://eviltunnel.test/',
  'https://evil-tunnel.test/',
  'https://x.app.tunnel.test/',
  'https://.tunnel.test/',
  'https://-a.tunnel.test/',
  'https://a_b.tunnel.test/',
  'https://xn--a.tunnel.test/',
  'https://www.tunnel.test/',
  'https://app.tunnel.test./',
  'https://tunnel.test./',
  'https://tunnel.test:443/',
  'https://app.tunnel.test:8443/',
  'https://app.tunnel.test:@evil.com',
  'https://tunnel.test\\@evil.com',
  'https://tunnel.test\\.evil.com',
  'https://tunnel.test%2f@evil.com',
  'https://tunnel.test%00.evil.com/',
  'https://tunnel.test\t.evil.com/',
  'https://tunnel.test .evil.com/',
  'https://evil.com/https://tunnel.test/',
  'https://evil.com#https://tunnel.test/',
  'https://evil.com?https://tunnel.test/',
  'https://evil.com\\.tunnel.test/',
  'https://evil.com/.tunnel.test/',
  'https://evil.com?.tunnel.test/',
  'https://evil.com#.tunnel.test/',
  'https://evil\u3002com/.tunnel.test',
  'https://\u24d0pp.tunnel.test/',
  'https://\u212aapp.tunnel.test/',
  'https://[::1]/',
  'https://',
  ...OF_THE_BASE_HOST,
  '/.postern/link',
  '/./.postern/link',
  '/%2epostern/link',
  '/x/%2e%2e/.postern/session?ticket=x',
  '/.POSTERN/x',
  'https://tunnel.test/oauth2/sign_out',
  'https://tunnel.test//evil.com',
  `/${'a'.repeat(50_000)}`,
];

describe('readReturnTarget', () => {
  for (const [rd, target] of KEPT) {
    it(`keeps ${rd.slice(0, 70)}`, () => {
      assert.deepEqual(readReturnTarget(rd, BASE), target);
      checkContained(rd);
    });
  }

  for (const rd of REFUSED) {
    it(`returns to the front page for ${JSON.stringify(rd).slice(0, 70)}`, () => {
      assert.deepEqual(readReturnTarget(rd, BASE), home);
      checkContained(rd);
    });
  }

  for (const path of PATH_DROPPED) {
    it(`returns to the tunnel's front page instead of ${JSON.stringify(path)}`, () => {
      assert.deepEqual(readReturnTarget(`https://app.tunnel.test${path}`, BASE), onTunnel('app', '/'));
    });
  }

  it('returns to the front page without rd', () => assert.deepEqual(readReturnTarget(undefined, BASE), home));

  it('takes the port of the base into account', () => {
    assert.deepEqual(readReturnTarget('http://demo.localhost:8080/x', LOCAL), onTunnel('demo', '/x'));
    assert.deepEqual(readReturnTarget('http://localhost:8080/x', LOCAL), onBase('/x'));
    for (const rd of [
      'http://demo.localhost/x',
      'http://demo.localhost:80801/',
      'http://localhost:808',
      'https://localhost:8080',
    ]) {
      assert.deepEqual(readReturnTarget(rd, LOCAL), home);
    }
  });

  it('keeps every deep link of a tunnel byte for byte', () => {
    const query = fc.webQueryParameters();
    const link = fc.tuple(fc.webPath(), query).map(([path, text]) => `/a${path}?${text}`);
    fc.assert(
      fc.property(link, (path) => {
        assert.deepEqual(readReturnTarget(`https://app.tunnel.test${path}`, BASE), onTunnel('app', path));
      }),
    );
  });
});

describe('readReturnPath', () => {
  it('keeps a path and rejects every URL', () => {
    assert.equal(readReturnPath('/a?b=1'), '/a?b=1');
    assert.equal(readReturnPath('/a#b'), '/a');
    for (const rd of [undefined, '', 'https://tunnel.test/a', 'https://host.invalid/a', 'a', '?a']) {
      assert.equal(readReturnPath(rd), '/');
    }
  });

  it('keeps the paths of the base host: on a tunnel they belong to the app', () => {
    for (const rd of OF_THE_BASE_HOST) assert.equal(readReturnPath(rd), rd);
  });

  for (const rd of REFUSED.filter((one) => !OF_THE_BASE_HOST.includes(one))) {
    it(`returns "/" for ${JSON.stringify(rd).slice(0, 70)}`, () => assert.equal(readReturnPath(rd), '/'));
  }
});
