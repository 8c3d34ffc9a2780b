import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Cause, causeOf, type Permitted } from '../../../../src/edge/gate/cause.js';
import type { HeaderLookup } from '../../../../src/edge/request/visit.js';

const OWN = 'https://demo.tunnel.test';
const NAMED = 'https://web.acme.com';
const SIBLING = 'https://other.tunnel.test';

const tunnel: Permitted = { origin: OWN, origins: [NAMED], frameOrigins: [] };
const framed: Permitted = { ...tunnel, frameOrigins: [SIBLING] };

const judge = (method: string, headers: HeaderLookup, permitted = tunnel): Cause =>
  causeOf({ method, header: headers }, permitted);

const metadata = (site: string, mode: string, dest: string, more: HeaderLookup = {}): HeaderLookup => ({
  'sec-fetch-site': site,
  'sec-fetch-mode': mode,
  'sec-fetch-dest': dest,
  ...more,
});
const OTHERS = ['same-site', 'cross-site'] as const;

const CASES: readonly (readonly [what: string, method: string, headers: HeaderLookup, cause: Cause])[] = [
  ['a program', 'GET', {}, 'permitted'],
  ['a program that posts', 'POST', {}, 'permitted'],
  ['a program that opens a WebSocket', 'GET', { upgrade: 'websocket' }, 'permitted'],
  ['an old browser’s own page', 'POST', { origin: OWN }, 'permitted'],
  ['an old browser’s foreign page', 'POST', { origin: SIBLING }, 'foreign'],
  ['an old browser’s foreign fetch', 'GET', { origin: SIBLING }, 'foreign'],
  ['an old browser’s sandboxed page', 'POST', { origin: 'null' }, 'foreign'],
  ['an origin in capitals', 'POST', { origin: OWN.toUpperCase() }, 'permitted'],
  ['an empty origin', 'POST', { origin: '' }, 'foreign'],
  ['two origins', 'POST', { origin: `${OWN}, ${SIBLING}` }, 'foreign'],
  ['own fetch', 'GET', metadata('same-origin', 'cors', 'empty'), 'permitted'],
  ['own form', 'POST', metadata('same-origin', 'navigate', 'document', { origin: OWN }), 'permitted'],
  [
    'own form without a referrer',
    'POST',
    metadata('same-origin', 'navigate', 'document', { origin: 'null' }),
    'permitted',
  ],
  ['own frame', 'GET', metadata('same-origin', 'navigate', 'iframe'), 'permitted'],
  ['own prefetch', 'GET', metadata('same-origin', 'cors', 'empty', { 'sec-purpose': 'prefetch' }), 'permitted'],
  ['own preflight', 'OPTIONS', { origin: OWN, 'access-control-request-method': 'PUT' }, 'permitted'],
  ['the address bar', 'GET', metadata('none', 'navigate', 'document'), 'permitted'],
  [
    'the address bar, in advance',
    'GET',
    metadata('none', 'navigate', 'document', { 'sec-purpose': 'prefetch' }),
    'foreign',
  ],
  [
    'own speculation',
    'GET',
    metadata('none', 'navigate', 'document', { 'sec-purpose': 'prefetch;prerender', referer: `${OWN}/page` }),
    'permitted',
  ],
  [
    'foreign speculation',
    'GET',
    metadata('none', 'navigate', 'document', { 'sec-purpose': 'prefetch', referer: `${OWN}.evil.test/` }),
    'foreign',
  ],
  ['two sites', 'GET', metadata('same-origin, cross-site', 'cors', 'empty'), 'foreign'],
  [
    'a foreign origin that claims to be the same',
    'GET',
    metadata('same-origin', 'cors', 'empty', { origin: SIBLING }),
    'foreign',
  ],
  ['the fetch of Node', 'GET', { 'sec-fetch-mode': 'cors' }, 'permitted'],
  ['the fetch of Node that posts', 'POST', { 'sec-fetch-mode': 'cors' }, 'permitted'],
  ['such a fetch with a foreign origin', 'GET', { 'sec-fetch-mode': 'cors', origin: SIBLING }, 'foreign'],
  ['such a fetch of a sandbox', 'GET', { 'sec-fetch-mode': 'cors', origin: 'null' }, 'foreign'],
  ['a part of the metadata: another mode', 'GET', { 'sec-fetch-mode': 'no-cors' }, 'foreign'],
  ['a part of the metadata: a visit to nothing', 'GET', { 'sec-fetch-mode': 'navigate' }, 'foreign'],
  ['a part of the metadata: an image', 'GET', { 'sec-fetch-dest': 'image' }, 'foreign'],
  ['a part of the metadata: no site', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'foreign'],
  ['two modes', 'GET', { 'sec-fetch-mode': 'cors, cors' }, 'foreign'],
  ['a mode of nothing', 'GET', { 'sec-fetch-mode': '' }, 'foreign'],
  ['a site in other letters', 'GET', metadata('Same-Origin', 'cors', 'empty'), 'foreign'],
  [
    'a share from another app, with which the browser posts',
    'POST',
    metadata('none', 'navigate', 'document', { origin: 'null' }),
    'permitted',
  ],
  ['a redirect that led over a sibling', 'POST', metadata('same-site', 'cors', 'empty', { origin: 'null' }), 'foreign'],
  ['an own WebSocket', 'GET', { origin: OWN, upgrade: 'websocket' }, 'permitted'],
  ['a named WebSocket', 'GET', { origin: NAMED, upgrade: 'websocket' }, 'permitted'],
  ['a foreign WebSocket', 'GET', { origin: SIBLING, upgrade: 'websocket' }, 'foreign'],
  ['a sandboxed WebSocket', 'GET', { origin: 'null', upgrade: 'websocket' }, 'foreign'],
  [
    'a sandboxed WebSocket that claims to be the same',
    'GET',
    { ...metadata('same-origin', 'websocket', 'empty'), origin: 'null', upgrade: 'websocket' },
    'foreign',
  ],
  [
    'a WebSocket that claims to be a link',
    'GET',
    { ...metadata('same-site', 'navigate', 'document'), upgrade: 'websocket' },
    'foreign',
  ],
  ['a named fetch', 'GET', metadata('same-site', 'cors', 'empty', { origin: NAMED }), 'permitted'],
  ['a named preflight', 'OPTIONS', { origin: NAMED, 'access-control-request-method': 'PUT' }, 'preflight'],
  ['a named OPTIONS', 'OPTIONS', { origin: NAMED }, 'permitted'],
  ['a foreign preflight', 'OPTIONS', { origin: SIBLING, 'access-control-request-method': 'PUT' }, 'foreign'],
  ['a named form', 'POST', metadata('cross-site', 'navigate', 'document', { origin: NAMED }), 'posted'],
  ['a named form in a frame', 'POST', metadata('cross-site', 'navigate', 'iframe', { origin: NAMED }), 'permitted'],
  ['a named form of an old browser', 'POST', { origin: NAMED }, 'permitted'],
];

describe('the cause of a request', () => {
  for (const [what, method, headers, cause] of CASES) {
    it(`${what} is ${cause}`, () => assert.equal(judge(method, headers), cause));
  }

  for (const site of OTHERS) {
    it(`${site}: a link is followed, by GET and HEAD alone`, () => {
      const link = metadata(site, 'navigate', 'document');
      for (const method of ['GET', 'HEAD']) assert.equal(judge(method, link), 'permitted');
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'get']) assert.equal(judge(method, link), 'foreign');
    });

    it(`${site}: nothing is fetched in advance`, () => {
      for (const purpose of ['prefetch', 'prefetch;prerender', 'Prefetch', 'prefetch;anonymous-client-ip']) {
        for (const name of ['sec-purpose', 'purpose']) {
          assert.equal(judge('GET', metadata(site, 'navigate', 'document', { [name]: purpose })), 'foreign');
        }
      }
    });

    it(`${site}: frames are for whom the owner lets frame`, () => {
      for (const dest of ['iframe', 'frame']) {
        assert.equal(judge('GET', metadata(site, 'navigate', dest)), 'foreign');
        assert.equal(judge('GET', metadata(site, 'navigate', dest), framed), 'permitted');
        assert.equal(judge('POST', metadata(site, 'navigate', dest, { origin: SIBLING }), framed), 'foreign');
      }
      for (const dest of ['object', 'embed', 'fencedframe']) {
        assert.equal(judge('GET', metadata(site, 'navigate', dest), framed), 'foreign');
      }
    });

    for (const mode of ['cors', 'no-cors', 'same-origin', 'websocket']) {
      for (const dest of ['empty', 'script', 'image', 'style', 'document', 'iframe', 'worker', '']) {
        it(`${site}: ${mode} for ${dest || 'nothing'} is foreign`, () => {
          assert.equal(judge('GET', metadata(site, mode, dest), framed), 'foreign');
        });
      }
    }
  }

  // An independent formulation of the rules, as a property.
  it('is permitted for nothing but what the rules name, in whatever combination', () => {
    const said = <T extends string>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const request = fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'PURGE'),
      origin: said(OWN, NAMED, SIBLING, 'null', '', `${OWN}.evil.test`, `${OWN}:444`, `${OWN}/`),
      upgrade: said('websocket', 'h2c'),
      referer: said(`${OWN}/x`, `${SIBLING}/x`, `${OWN}.evil.test/`),
      'sec-fetch-site': said('same-origin', 'same-site', 'cross-site', 'none', 'x', ''),
      'sec-fetch-mode': said('navigate', 'cors', 'no-cors', 'websocket', ''),
      'sec-fetch-dest': said('document', 'iframe', 'empty', 'image', ''),
      'sec-purpose': said('prefetch', 'prefetch;prerender'),
    });
    const isKnown = ({ method, ...headers }: Record<string, string | undefined> & { method: string }): boolean => {
      const { origin, upgrade, referer } = headers;
      const [site, mode, dest] = ['site', 'mode', 'dest'].map((what) => headers[`sec-fetch-${what}`]);
      if (origin === OWN || origin === NAMED) return true;
      const isAhead = headers['sec-purpose'] !== undefined;
      const isGot = ['GET', 'HEAD'].includes(method) && upgrade === undefined && !isAhead;
      if (isGot && mode === 'navigate' && dest === 'document') return true;
      if (origin !== undefined && (origin !== 'null' || upgrade !== undefined)) return false;
      if (site === 'same-origin') return true;
      if (site === 'none') return !isAhead || referer === `${OWN}/x`;
      return origin === undefined && site === undefined && dest === undefined && (mode ?? 'cors') === 'cors';
    };
    fc.assert(
      fc.property(request, ({ method, ...headers }) => {
        assert.equal(judge(method, headers) !== 'foreign', isKnown({ method, ...headers }));
      }),
      { numRuns: 5_000 },
    );
  });

  it('is foreign whatever else a page of another origin can have sent', () => {
    const word = fc.constantFrom('cors', 'no-cors', 'navigate', 'document', 'empty', 'iframe', 'x', '');
    const request = fc.record({
      method: fc.constantFrom('POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
      site: fc.constantFrom(...OTHERS),
      mode: word,
      dest: word,
      origin: fc.option(fc.constantFrom(SIBLING, 'null', 'https://evil.test', ''), { nil: undefined }),
      purpose: fc.option(fc.constantFrom('prefetch', 'x'), { nil: undefined }),
    });
    fc.assert(
      fc.property(request, ({ method, site, mode, dest, origin, purpose }) => {
        const headers = metadata(site, mode, dest, { origin, 'sec-purpose': purpose });
        assert.equal(judge(method, headers, framed), 'foreign');
      }),
    );
  });
});
