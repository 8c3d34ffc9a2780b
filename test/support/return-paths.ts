/**
 * What must hold for whatever a visitor gives as the place to return to, and the public corpus of open redirects. The
 * URL Standard is the oracle: browsers read `Location` by it.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ReturnTarget, readReturnPath, readReturnTarget } from '../../src/auth/session/return-path.js';
import { type BaseAddress, isTunnelName, readBaseAddress, tunnelOrigin } from '../../src/core/hostname.js';
import { PROJECT_ROOT } from './project-root.js';

export const BASE = readBaseAddress('https://tunnel.test') as BaseAddress;
export const LOCAL = readBaseAddress('http://localhost:8080') as BaseAddress;

// Public test data that is kept beside a checkout, and not in it.
const CORPUS = join(PROJECT_ROOT, '../shared/corpora/oauth2-proxy-openredirects.txt');

/** The redirect targets of the public corpus, each escaped once for a query; undefined where it is not at hand. */
export function openRedirects(): readonly string[] | undefined {
  if (!existsSync(CORPUS)) return undefined;
  return readFileSync(CORPUS, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** As a query parser does it, except that what is no escape stays: hostile lines are not always well-formed. */
export function unescapeOnce(text: string): string {
  const bytes = Buffer.from(text.replaceAll('+', ' '), 'utf8').toString('latin1');
  const plain = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1').toString('utf8');
}

/** Every property that must hold for any `rd`. */
export function checkContained(rd: string): void {
  for (const base of [BASE, LOCAL]) {
    const target = readReturnTarget(rd, base);
    const reached = destination(target, base);
    const oracle = URL.canParse(rd, base.origin) ? new URL(rd, base.origin) : undefined;
    const home: ReturnTarget = { place: 'base', path: '/' };
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
