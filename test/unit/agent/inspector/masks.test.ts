import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Masks, maskedBody, maskedUrl } from '../../../../src/agent/inspector/masks.js';
import { MASK } from '../../../../src/agent/inspector/wire.js';

describe('masks', () => {
  const masks = new Masks(['X-Shop']);

  test('K8 hide what is secret in a header, and keep what tells it apart', () => {
    const cases: readonly [name: string, value: string, shown: string][] = [
      ['cookie', 'a=1; b="two"; c', `a=${MASK}; b=${MASK}; ${MASK}`],
      ['cookie', 'abc', MASK],
      ['cookie', 'a=', `a=${MASK}`],
      ['set-cookie', 'abc; Path=/', `${MASK}; Path=/`],
      ['set-cookie', 'sid=abc=; Path=/; HttpOnly', `sid=${MASK}; Path=/; HttpOnly`],
      ['authorization', 'Bearer abc.def', `Bearer ${MASK}`],
      ['authorization', 'abc', MASK],
      ['Authorization', 'Digest username="ana", response="x"', `Digest ${MASK}`],
      ['proxy-authorization', 'Basic YTpi', `Basic ${MASK}`],
      ['x-api-key', 'abc', MASK],
      ['x_api_key', 'abc', MASK],
      ['x-shop', 'abc', MASK],
      ['x-postern-assertion', 'a.b.c', MASK],
      ['location', '/cb?code=abc&x=1', `/cb?code=${MASK}&x=1`],
      [
        'location',
        'https://a/cb?x=1#id_token=a.b.c&state=d&x=1',
        `https://a/cb?x=1#id_token=${MASK}&state=${MASK}&x=1`,
      ],
      ['x-forwarded-email', 'ana@acme.com', 'ana@acme.com'],
      ['accept', '*/*', '*/*'],
    ];
    for (const [name, value, shown] of cases) assert.equal(masks.header(name, value), shown, `${name}: ${value}`);
  });

  test('K8 hide values of secret keys in queries, forms and JSON', () => {
    assert.equal(
      maskedUrl('/a?access_token=x&b=1&apiKey=y&sort-key=1'),
      `/a?access_token=${MASK}&b=1&apiKey=${MASK}&sort-key=${MASK}`,
    );
    assert.equal(maskedUrl('/a/token'), '/a/token');
    assert.equal(maskedUrl('https://app/#/login?token=abc&b=1'), `https://app/#/login?token=${MASK}&b=1`);
    assert.equal(maskedUrl('/cb?x=1?code=zz&b=1'), `/cb?x=1?code=${MASK}&b=1`);
    assert.equal(maskedUrl('/cb?state=/a?b=zz&b=1#c'), `/cb?state=${MASK}&b=1#c`);
    const form = 'user=ana&password=p%3Dw&client%5Fsecret=s&empty';
    assert.equal(
      maskedBody(form, 'application/x-www-form-urlencoded'),
      `user=ana&password=${MASK}&client%5Fsecret=${MASK}&empty`,
    );
    assert.equal(maskedBody(form, 'text/plain'), form);
    const json =
      '{"user":"ana","password" : "a\\"b","pin":1234,"list":["token","x"],"token":null,"tokens":{"idToken":"x"}, "cut":"token", "secret":"abc';
    const shown = `{"user":"ana","password" : "${MASK}","pin":"${MASK}","list":["token","x"],"token":"${MASK}","tokens":{"idToken":"${MASK}"}, "cut":"token", "secret":"${MASK}"`;
    assert.equal(maskedBody(json, 'application/json'), shown);
    assert.equal(maskedBody('{"token":"x"}', 'application/vnd.api+json'), `{"token":"${MASK}"}`);
  });

  test('take linear time for hostile text', () => {
    for (const text of [
      '\\"'.repeat(500_000),
      '"'.repeat(1_000_000),
      `"token"${' '.repeat(1_000_000)}`,
      '"token":'.repeat(100_000),
    ])
      maskedBody(text, 'application/json');
    for (const text of ['?', '&', '?=', 'a']) maskedUrl(`/?${text.repeat(500_000)}`);
    maskedBody('='.repeat(1_000_000), 'application/x-www-form-urlencoded');
    maskedBody('a'.repeat(1_000_000), 'application/x-www-form-urlencoded');
  });
});
