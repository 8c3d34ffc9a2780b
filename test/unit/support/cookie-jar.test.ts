import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CookieJar } from '../../support/cookie-jar.js';

const BASE = new URL('http://localhost:8080/');
const DEMO = new URL('http://demo.localhost:8080/a/b');
const EVIL = new URL('http://evil.tunnel.localhost:8080/');
const VICTIM = new URL('http://victim.tunnel.localhost:8080/');

test('a cookie without Domain stays with its host, whatever the port', () => {
  const jar = new CookieJar();
  assert.ok(jar.set('a=1; Path=/', BASE));
  assert.equal(jar.header(new URL('http://localhost:9090/')), 'a=1');
  assert.equal(jar.header(DEMO), '');
});

test('a Domain cookie reaches every sibling, and a bare label is no domain', () => {
  const jar = new CookieJar();
  assert.ok(jar.set('a=1; Path=/; Domain=tunnel.localhost', EVIL));
  assert.equal(jar.header(VICTIM), 'a=1');
  assert.equal(jar.set('b=1; Domain=localhost', DEMO), false);
  assert.equal(jar.set('c=1; Domain=elsewhere.test', DEMO), false);
});

test('the __Host- prefix needs Secure, Path=/ and no Domain; Secure is accepted on localhost names only', () => {
  const jar = new CookieJar();
  assert.equal(jar.set('__Host-a=1; Path=/', DEMO), false);
  assert.equal(jar.set('__host-a=1; Secure; Path=/x', DEMO), false);
  assert.equal(jar.set('__Host-a=1; Secure; Path=/; Domain=tunnel.localhost', EVIL), false);
  assert.equal(jar.set('__Host-a=1; Secure; Path=/', new URL('http://demo.tunnel.test/')), false);
  assert.ok(jar.set('__Host-a=1; Secure; Path=/', DEMO));
  assert.equal(jar.header(DEMO), '__Host-a=1');
});

test('longer paths come first, and an expired cookie removes what it names', () => {
  const jar = new CookieJar();
  jar.set('a=root; Path=/', DEMO);
  jar.set('a=deep; Path=/a', DEMO);
  assert.equal(jar.header(DEMO), 'a=deep; a=root');
  jar.set('a=; Path=/a; Max-Age=0', DEMO);
  assert.equal(jar.header(DEMO), 'a=root');
});

test('a Lax cookie crosses sites on a safe navigation only', () => {
  const jar = new CookieJar();
  jar.set('a=1; Path=/; SameSite=Lax', DEMO);
  assert.equal(jar.header(DEMO, { site: 'cross-site', safeNavigation: false }), '');
  assert.equal(jar.header(DEMO, { site: 'cross-site', safeNavigation: true }), 'a=1');
  assert.equal(jar.header(DEMO, { site: 'same-site', safeNavigation: false }), 'a=1');
});
