/**
 * Fields that carry a URL, an origin or a host of their sender: each line of the table in `src/agent/target/url-fields.ts`, byte for
 * byte, through an edge and an agent. A line without a case here fails.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { REQUEST_URL_FIELDS, RESPONSE_URL_FIELDS } from '../../../src/agent/target/url-fields.js';
import { inWorld } from '../../support/in-world.js';
import { RawTarget } from '../../support/raw-target.js';
import { rawExchange } from '../../support/visitor.js';

const NAME = 'dev-raw';

/** Values as they are sent and as they arrive; `{target}` and `{public}` stand for the two origins, `{host}`s for their hosts. */
type Case = readonly [sent: string, arrives: string];

const same = (value: string): Case => [value, value];
const reference: Case = ['{target}/a%2Fb?c={target}/#d', '{public}/a%2Fb?c={target}/#d'];

const RESPONSES: Readonly<Record<string, readonly Case[]>> = {
  location: [
    reference,
    ['http://localhost:{target port}', '{public}'],
    ['HTTP://[::1]:{target port}?x', '{public}?x'],
    ['//{target host}/x', '{public}/x'],
    // From the Host that the app is told and the X-Forwarded-Proto or -Port beside it.
    ['https://{target host}/x', '{public}/x'],
    ['https://127.0.0.1/x', '{public}/x'],
    ['https://localhost:{public port}/x', '{public}/x'],
    ['http://localhost:{public port}/x', '{public}/x'],
    same('/x'),
    same('http://localhost/x'),
    same('https://localhost:1/x'),
    same('https://elsewhere.test:{public port}/?back={target}/'),
    same('{public}/x'),
  ],
  'content-location': [reference, same('/items/1')],
  refresh: [
    ['0; url={target}/x', '0; url={public}/x'],
    ["5;URL='{target}/x'", "5;URL='{public}/x'"],
    ['1.5, {target}', '1.5, {public}'],
    same('5'),
    same('0; url=https://elsewhere.test/?back={target}/'),
  ],
  link: [
    [
      '<{target}/a.css>; rel=preload, </b>; title="<{target}/>", <{target}/?page=2>; rel="next"',
      '<{public}/a.css>; rel=preload, </b>; title="<{target}/>", <{public}/?page=2>; rel="next"',
    ],
    same('<{target}/unfinished'),
  ],
  sourcemap: [reference],
  'x-sourcemap': [reference],
  'service-worker-allowed': [reference, same('/')],
  'speculation-rules': [['"{target}/rules.json", "/more.json"', '"{public}/rules.json", "/more.json"']],
  'hx-redirect': [reference],
  'hx-location': [reference],
  'hx-push-url': [reference, same('false')],
  'hx-replace-url': [reference],
  'x-inertia-location': [reference],
  'access-control-allow-origin': [['{target}', '{public}'], same('*'), same('null'), same('https://elsewhere.test')],
  'timing-allow-origin': [['https://elsewhere.test, {target}', 'https://elsewhere.test, {public}']],
  'permissions-policy': [['camera=(self "{target}"), usb=()', 'camera=(self "{public}"), usb=()']],
  'content-security-policy': [
    [
      "connect-src 'self' ws://{target host} {target}/api https://cdn.test/?{target};report-uri {target}/csp",
      "connect-src 'self' wss://{public host} {public}/api https://cdn.test/?{target};report-uri {public}/csp",
    ],
  ],
  'content-security-policy-report-only': [['report-uri {target}/csp', 'report-uri {public}/csp']],
  'reporting-endpoints': [['csp="{target}/csp", nel="/nel"', 'csp="{public}/csp", nel="/nel"']],
  'report-to': [['{"endpoints":[{"url":"{target}/r"}]}', '{"endpoints":[{"url":"{public}/r"}]}']],
  'set-cookie': [
    ['a={target}; Domain=127.0.0.1; Path=/', 'a={target}; Domain={public name}; Path=/'],
    same('a={target}; Path=/'),
  ],
  'alt-svc': [['h2="{target host}"', '']],
  'public-key-pins': [['pin-sha256="x"; report-uri="{target}/"', '']],
  nel: [same('{"report_to":"{target}/"}')],
  'expect-ct': [same('max-age=1, report-uri="{target}/"')],
  'x-frame-options': [same('ALLOW-FROM {target}/')],
  'www-authenticate': [same('Digest realm="{target}/", domain="{target}/"')],
  'lock-token': [same('<{target}/locks/1>')],
  dav: [same('1, <{target}/propset>')],
};

const REQUESTS: Readonly<Record<string, readonly Case[]>> = {
  destination: [
    ['{public}/a%20b?{public}/', '{target}/a%20b?{public}/'],
    same('/a'),
    same('https://elsewhere.test/a'),
    same('{public}.elsewhere.test/a'),
  ],
  if: [
    [
      '<{public}/a> (<{public}/locks/1> ["x"]) <{public}/b> (Not <DAV:no-lock>)',
      '<{target}/a> (<{public}/locks/1> ["x"]) <{target}/b> (Not <DAV:no-lock>)',
    ],
    same('(<urn:uuid:1>)'),
    same(`${'('.repeat(500)}<`),
  ],
  host: [['{public host}', '{target host}']],
  origin: [same('{public}')],
  'x-forwarded-host': [['elsewhere.test', '{public host}']],
  referer: [same('{public}/page')],
  'content-location': [same('{public}/a')],
  link: [same('<{public}/a>; rel=up')],
  'lock-token': [same('<{public}/locks/1>')],
  'ping-from': [same('{public}/a')],
  'ping-to': [same('{public}/b')],
  'alt-used': [same('{public host}')],
  'hx-current-url': [same('{public}/a')],
};

describe('fields with URLs', () => {
  // On https: the public scheme is not the target's.
  const { world } = inWorld({ domain: 'tunnel.test' });
  let raw: RawTarget;
  let url: URL;
  let cookie: string;
  let values: ReadonlyMap<string, string>;

  before(async () => {
    raw = await RawTarget.start();
    await world.startAgent({ name: NAME, targetUrl: raw.url });
    url = new URL(world.urlOf(NAME));
    cookie = (await world.signedIn('ana', `${url.origin}/`)).jar.header(url);
    const { host, port } = new URL(raw.url);
    values = new Map([
      ['{target}', raw.url],
      ['{target host}', host],
      ['{target port}', port],
      ['{public}', url.origin],
      ['{public host}', url.host],
      ['{public name}', url.hostname],
      ['{public port}', url.port],
    ]);
  });
  after(async () => {
    await raw?.close();
  });

  const filled = (text: string) => text.replace(/\{(?:target|public)[a-z ]*\}/g, (key) => values.get(key) ?? key);
  const linesOf = (head: string, name: string) =>
    head
      .split('\r\n')
      .filter((line) => line.toLowerCase().startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim());

  async function ask(path: string, lines: readonly string[]): Promise<string> {
    const own = lines.some((line) => line.startsWith('host:')) ? [] : [`Host: ${url.host}`];
    const request = [`GET ${path} HTTP/1.1`, ...own, `Cookie: ${cookie}`, ...lines, 'Connection: close', '', ''];
    return rawExchange(world.port, request.join('\r\n'));
  }

  test('each field with a URL has its cases here, and no other field has', () => {
    const names = (fields: readonly { readonly name: string }[]) => fields.map(({ name }) => name).sort();
    assert.deepEqual(Object.keys(RESPONSES).sort(), names(RESPONSE_URL_FIELDS));
    assert.deepEqual(Object.keys(REQUESTS).sort(), names(REQUEST_URL_FIELDS));
  });

  for (const { name, how, spec } of RESPONSE_URL_FIELDS) {
    test(`the response field ${name} (${spec}) is ${how}`, async () => {
      const cases = RESPONSES[name] ?? [];
      assert.ok(cases.length > 0, 'no case');
      assert.equal(
        cases.every(([sent, arrives]) => sent === arrives),
        how === 'left',
      );
      for (const [at, [sent, arrives]] of cases.entries()) {
        const path = `/${name}/${at}`;
        raw.answer(path, `HTTP/1.1 200 OK\r\n${name}: ${filled(sent)}\r\nContent-Length: 0\r\n\r\n`);
        const [head = ''] = (await ask(path, [])).split('\r\n\r\n');
        assert.match(head, /^HTTP\/1\.1 200 /);
        const [first = ''] = linesOf(head, name);
        assert.equal(first, filled(arrives), sent);
      }
    });
  }

  for (const { name, how, spec } of REQUEST_URL_FIELDS) {
    test(`the request field ${name} (${spec}) is ${how}`, async () => {
      const cases = REQUESTS[name] ?? [];
      assert.ok(cases.length > 0, 'no case');
      if (how === 'left') assert.ok(cases.every(([sent, arrives]) => sent === arrives));
      for (const [at, [sent, arrives]] of cases.entries()) {
        const path = `/to/${name}/${at}`;
        assert.match(await ask(path, [`${name}: ${filled(sent)}`]), /^HTTP\/1\.1 200 /);
        const head = raw.heads.find((each) => each.startsWith(`GET ${path} `)) ?? '';
        assert.deepEqual(linesOf(head, name), [filled(arrives)], sent);
      }
    });
  }
});
