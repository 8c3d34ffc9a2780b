import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ReturnTarget, readReturnPath, readReturnTarget } from '../../../src/auth/return-path.js';
import { type BaseAddress, isTunnelName, readBaseAddress, tunnelOrigin } from '../../../src/core/hostname.js';

const BASE = readBaseAddress('https://tunnel.test') as BaseAddress;
const LOCAL = readBaseAddress('http://localhost:8080') as BaseAddress;
const CORPUS = '../shared/corpora/oauth2-proxy-openredirects.txt';

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

/** Places of this edge whose path is doubtful: the place is kept, the path is not. */
const PATH_DROPPED: readonly string[] = ['//evil.com', '/\\evil.com', '/a\\b', '/\tx', '/a b', '/.postern/sign_out'];

/** Ours on the base host; on a tunnel's they are the app's. */
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
  `/${'a'.repeat(9000)}`,
];

/** The URL that a browser would open. */
function destination(target: ReturnTarget, base: BaseAddress): URL {
  const origin = target.place === 'base' ? base.origin : tunnelOrigin(base, target.name ?? '');
  assert.equal(target.place === 'tunnel', target.name !== undefined && isTunnelName(target.name));
  const url = new URL(target.path, origin);
  assert.equal(url.origin, origin);
  assert.equal(new URL(`${origin}${target.path}`).href, url.href, 'the same whether joined or resolved');
  assert.doesNotMatch(target.path, /^\/[/\\]|[\\#\s]/);
  return url;
}

/** Every property that must hold for any `rd`. */
function checkContained(rd: string): void {
  for (const base of [BASE, LOCAL]) {
    const target = readReturnTarget(rd, base);
    const reached = destination(target, base);
    const oracle = URL.canParse(rd, base.origin) ? new URL(rd, base.origin) : undefined;
    if (oracle?.origin !== reached.origin) assert.deepEqual(target, home, `the URL Standard reads ${rd} otherwise`);
    if (target.path !== '/') assert.ok(rd.includes(target.path) || rd.includes(target.path.slice(1)), 'byte for byte');
  }
  const path = readReturnPath(rd);
  assert.equal(new URL(path, 'https://app.tunnel.test').origin, 'https://app.tunnel.test');
  if (path !== '/') {
    assert.ok(rd.startsWith(path));
    assert.equal(new URL(rd, 'https://app.tunnel.test').origin, 'https://app.tunnel.test');
  }
}

// As a query parser does it, except that what is no escape stays: hostile lines are not always well-formed.
function unescapeOnce(text: string): string {
  const bytes = Buffer.from(text.replaceAll('+', ' '), 'utf8').toString('latin1');
  const plain = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1').toString('utf8');
}

describe('readReturnTarget', () => {
  for (const [rd, target] of KEPT) {
    it(`keeps ${rd.slice(0, 70)}`, () => {
      assert.deepEqual(readReturnTarget(rd, BASE), target);
      checkContained(rd);
    });
  }

  for (const rd of REFUSED) {
    it(`sends home from ${JSON.stringify(rd).slice(0, 70)}`, () => {
      assert.deepEqual(readReturnTarget(rd, BASE), home);
      checkContained(rd);
    });
  }

  for (const path of PATH_DROPPED) {
    it(`opens the tunnel's front page in place of ${JSON.stringify(path)}`, () => {
      assert.deepEqual(readReturnTarget(`https://app.tunnel.test${path}`, BASE), onTunnel('app', '/'));
    });
  }

  it('sends home without rd', () => assert.deepEqual(readReturnTarget(undefined, BASE), home));

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

  it('never leaves the edge, whatever is put together from the pieces of an attack', () => {
    const piece = fc.constantFrom(
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
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => checkContained(pieces.join(''))),
      { numRuns: 5000 },
    );
  });

  it('never leaves the edge for arbitrary text and URLs', () => {
    const parts = { withFragments: true, withQueryParameters: true };
    const rd = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(parts), fc.webPath(), fc.string());
    fc.assert(
      fc.property(rd, (text) => {
        checkContained(text);
        checkContained(`/${text}`);
        checkContained(`https://app.tunnel.test${text}`);
      }),
      { numRuns: 1000 },
    );
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
  it('keeps a path and refuses every URL', () => {
    assert.equal(readReturnPath('/a?b=1'), '/a?b=1');
    assert.equal(readReturnPath('/a#b'), '/a');
    for (const rd of [undefined, '', 'https://tunnel.test/a', 'https://host.invalid/a', 'a', '?a']) {
      assert.equal(readReturnPath(rd), '/');
    }
  });

  it('keeps the paths that are ours on the base host only: on a tunnel they belong to the app', () => {
    for (const rd of OF_THE_BASE_HOST) assert.equal(readReturnPath(rd), rd);
  });

  for (const rd of REFUSED.filter((one) => !OF_THE_BASE_HOST.includes(one))) {
    it(`gives "/" for ${JSON.stringify(rd).slice(0, 70)}`, () => assert.equal(readReturnPath(rd), '/'));
  }
});

describe('the open redirects of oauth2-proxy', { skip: existsSync(CORPUS) ? false : `${CORPUS} is not here` }, () => {
  it('never leave the edge, as they are and unescaped once and twice', () => {
    const lines = readFileSync(CORPUS, 'utf8').split('\n').filter(Boolean);
    assert.ok(lines.length >= 558);
    for (const line of lines) {
      const once = unescapeOnce(line);
      for (const rd of [line, once, unescapeOnce(once)]) {
        checkContained(rd);
        assert.equal(readReturnTarget(rd, BASE).place, 'base');
      }
    }
  });
});
