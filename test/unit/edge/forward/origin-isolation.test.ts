import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isolated } from '../../../../src/edge/forward/origin-isolation.js';

describe('what a response may do beyond its own host', () => {
  const cases: readonly (readonly [name: string, value: string, kept: string | undefined])[] = [
    ['content-type', 'text/html', 'text/html'],
    ['alt-svc', 'h3=":443"', undefined],
    ['public-key-pins', 'pin-sha256="x"', undefined],
    ['public-key-pins-report-only', 'pin-sha256="x"', undefined],
    ['strict-transport-security', 'max-age=1', 'max-age=1'],
    ['strict-transport-security', 'max-age=1; includeSubDomains; preload', 'max-age=1'],
    ['strict-transport-security', 'includeSubDomains', undefined],
    ['clear-site-data', '"cookies"', undefined],
    ['clear-site-data', '"cache", "cookies", "storage"', '"cache", "storage"'],
    ['clear-site-data', '"*"', '"cache", "storage", "executionContexts"'],
    ['clear-site-data', '"cache", "*"', '"cache", "cache", "storage", "executionContexts"'],
  ];
  for (const [name, value, kept] of cases) {
    test(`${name}: ${value}`, () => assert.equal(isolated(name, value), kept));
  }
});
