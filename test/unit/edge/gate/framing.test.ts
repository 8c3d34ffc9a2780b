import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { framingPolicy, needsFraming } from '../../../../src/edge/gate/framing.js';

const needs = (headers: readonly string[], status = 200) => needsFraming({ status, headers });

describe('framing', () => {
  it('names the tunnel itself, and whom its owner lets frame it', () => {
    assert.equal(framingPolicy([]), "frame-ancestors 'self'");
    assert.equal(
      framingPolicy(['https://a.test', 'http://b.test:1']),
      "frame-ancestors 'self' https://a.test http://b.test:1",
    );
  });

  for (const type of [
    'text/html',
    'TEXT/HTML; charset=utf-8',
    'application/xhtml+xml',
    'image/svg+xml',
    'text/xml',
    'application/atom+xml ;x',
    'application/pdf',
  ]) {
    it(`is said of ${type}`, () => assert.equal(needs(['content-type', type]), true));
  }
  it('is said of what has no type', () => assert.equal(needs([]), true));
  for (const type of [
    'application/json',
    'text/plain',
    'text/javascript',
    'text/css',
    'image/png',
    'text/event-stream',
    'font/woff2',
  ]) {
    it(`is not said of ${type}`, () => assert.equal(needs(['content-type', type]), false));
  }

  const html = ['content-type', 'text/html'];
  for (const word of [
    ['x-frame-options', 'DENY'],
    ['x-frame-options', 'sameorigin'],
    ['content-security-policy', 'frame-ancestors *'],
    ['content-security-policy', "default-src 'self';FRAME-ANCESTORS 'none'"],
    ['content-security-policy', "default-src 'self', frame-ancestors"],
  ]) {
    it(`is left to an app that says ${word.join(': ')}`, () => {
      assert.equal(needs([...html, ...word]), false);
      assert.equal(needs([...word, ...html]), false);
    });
  }
  for (const word of [
    ['x-frame-options', 'ALLOW-FROM https://a.test'],
    ['content-security-policy', "default-src 'self'"],
    ['content-security-policy', 'default-src frame-ancestors'],
    ['content-security-policy-report-only', "frame-ancestors 'none'"],
  ]) {
    it(`is said in spite of ${word.join(': ')}, which no browser takes for a word about it`, () => {
      assert.equal(needs([...html, ...word]), true);
    });
  }
  for (const status of [101, 103, 204, 304]) {
    it(`is not said with ${status}`, () => assert.equal(needs(html, status), false));
  }
});
