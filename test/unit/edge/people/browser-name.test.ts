import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { browserName } from '../../../../src/edge/people/browser-name.js';

const MOZILLA = 'Mozilla/5.0';
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';

describe('the name of a browser', () => {
  for (const [userAgent, name] of [
    [`${MOZILLA} (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0`, 'Firefox, Linux'],
    [`${MOZILLA} (Windows NT 10.0; Win64; x64) ${CHROME}`, 'Chrome, Windows'],
    [`${MOZILLA} (Windows NT 10.0; Win64; x64) ${CHROME} Edg/130.0.0.0`, 'Edge, Windows'],
    [`${MOZILLA} (Linux; Android 14; Pixel 8) ${CHROME}`, 'Chrome, Android'],
    [
      `${MOZILLA} (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0.0.0 Safari/537.36`,
      'Chrome, Linux',
    ],
    [
      `${MOZILLA} (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15`,
      'Safari, Mac',
    ],
    [
      `${MOZILLA} (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/130.0 Mobile/15E148 Safari/604.1`,
      'Chrome, iPhone',
    ],
    ['curl/8.5.0', 'Another browser'],
    ['<img src=x onerror=alert(1)> Firefox/1', 'Firefox'],
    ['', 'Another browser'],
    [undefined, 'Another browser'],
    [`${'x'.repeat(60_000)}Firefox/130`, 'Another browser'],
  ] as const) {
    it(`is “${name}” for ${userAgent?.slice(0, 60)}`, () => assert.equal(browserName(userAgent), name));
  }
});
