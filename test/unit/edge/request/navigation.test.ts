import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCrossOrigin, isNavigation, isVisit, wantsPage } from '../../../../src/edge/request/navigation.js';
import { by } from '../routes/routes.js';
import { requestOf } from '../visits.js';

describe('a navigation', () => {
  const document = ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'];
  for (const [what, written, is] of [
    ['a page that is opened', { raw: document }, true],
    ['a form that is posted', { method: 'POST', raw: document }, false],
    ['an upgrade', { raw: [...document, 'Upgrade', 'websocket'] }, false],
    ['a frame', { raw: ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'iframe', 'Accept', 'text/html'] }, false],
    [
      'a fetch that accepts HTML',
      { raw: ['Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Dest', 'empty', 'Accept', 'text/html'] },
      false,
    ],
    ['a mode without a destination', { raw: ['Sec-Fetch-Mode', 'navigate'] }, false],
    ['an old browser', { raw: ['Accept', 'text/html,*/*;q=0.8'] }, true],
    ['an old browser that asks for the head', { method: 'HEAD', raw: ['Accept', 'text/html'] }, true],
    ['an old browser that posts', { method: 'POST', raw: ['Accept', 'text/html'] }, false],
    ['a tool', { raw: ['Accept', '*/*'] }, false],
    ['a tool that says nothing', { raw: [] }, false],
  ] as const) {
    it(`is ${is ? '' : 'not '}${what}`, () => assert.equal(isNavigation(requestOf(written)), is));
  }

  for (const [accept, accepts] of [
    ['text/html', true],
    ['application/json, text/HTML;q=0.1', true],
    ['application/xhtml+xml', true],
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['text/htmlx', false],
    ['xtext/html', false],
    ['text/plain; x=text/html5', false],
  ] as const) {
    it(`is ${accepts ? '' : 'not '}answered with a page by ${JSON.stringify(accept)}, and no script ever is`, () => {
      const raw = accept === undefined ? [] : ['Accept', accept];
      assert.equal(wantsPage(requestOf({ raw })), accepts);
      assert.equal(wantsPage(requestOf({ raw: [...raw, 'Sec-Fetch-Mode', 'navigate'] })), accepts);
      assert.equal(wantsPage(requestOf({ raw: [...raw, 'Sec-Fetch-Mode', 'cors'] })), false);
    });
  }
});

describe('a visit', () => {
  for (const [what, headers, method, expected] of [
    ['the address bar', by.visit, 'GET', true],
    ['a link', by.link, 'GET', true],
    ['a HEAD', by.link, 'HEAD', true],
    ['an old browser', { accept: 'text/html' }, 'GET', true],
    ['a form', by.visit, 'POST', false],
    ['a page that is fetched ahead', by.prefetch, 'GET', false],
    ['a page that is shown before it is opened', { ...by.visit, 'sec-purpose': 'prefetch;prerender' }, 'GET', false],
    ['a frame', { ...by.visit, 'sec-fetch-dest': 'iframe' }, 'GET', false],
    ['a fetch', by.ownFetch, 'GET', false],
    ['a program', {}, 'GET', false],
    ['an upgrade', { ...by.visit, upgrade: 'websocket' }, 'GET', false],
  ] as const) {
    it(`is ${expected ? 'one' : 'none'}: ${what}`, () =>
      assert.equal(isVisit(requestOf({ header: headers, method })), expected));
  }
});

it('tells where another page has led the browser', () => {
  const led = ['cross-site', 'same-site', 'same-origin', 'none', undefined].filter((site) =>
    isCrossOrigin({ header: site === undefined ? {} : { 'sec-fetch-site': site } }),
  );
  assert.deepEqual(led, ['cross-site', 'same-site']);
});
