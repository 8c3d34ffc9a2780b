import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { describe, it, mock } from 'node:test';
import { documentHost, readDocument } from '../../../../src/edge/clients/document.js';
import { type FetchedDocument, fetchDocument, lookupPublic } from '../../../../src/edge/clients/document-fetch.js';
import { ClientDocuments, MAX_FETCHES, MAX_FETCHES_OF_ONE } from '../../../../src/edge/clients/documents.js';
import { VisitLimit } from '../../../../src/edge/routes/visit-limit.js';

const ID = 'https://app.example/client.json';
const FIELDS = { client_id: ID, client_name: 'App', redirect_uris: ['https://app.example/cb'] };

function setUp(respond: (url: string) => Promise<FetchedDocument> | FetchedDocument) {
  const clock = { nowMs: 1_000_000 };
  const asked: string[] = [];
  const fetch = async (url: string) => {
    asked.push(url);
    return respond(url);
  };
  const limit = new VisitLimit('client-document');
  return { clock, asked, documents: new ClientDocuments({ fetch, limit, now: () => clock.nowMs }) };
}

/** In a visit that the person has started, or a page of another site. */
const by = (account: string, site = 'none') => ({ account, visit: { header: { 'sec-fetch-site': site } } });

const good = (cacheControl = ''): FetchedDocument => ({ text: JSON.stringify(FIELDS), cacheControl });

describe('a client_id', () => {
  it('is the URL of a document', () => {
    assert.equal(documentHost(ID), 'app.example');
    assert.equal(documentHost('https://a-b.c.example/x/y~z%41'), 'a-b.c.example');
  });

  for (const id of [
    ...[
      '',
      'postern',
      'http://app.example/client.json',
      'https://app.example',
      'https://app.example/',
      'HTTPS://app.example/x',
    ],
    ...['https://APP.example/x', 'https://app.example:443/x', 'https://app.example:8443/x', 'https://u@app.example/x'],
    ...['https://app.example/x?y', 'https://app.example/x#y', 'https://app.example/a/../x', 'https://app.example/./x'],
    ...[
      'https://app.example/%2e%2e/x',
      'https://localhost/x',
      'https://127.0.0.1/x',
      'https://[::1]/x',
      'https://1.1.1.1/x',
    ],
    ...[
      'https://0x7f.0.0.1/x',
      'https://2130706433/x',
      'https://app.example./x',
      'https://app..example/x',
      'https://-a.example/x',
    ],
    ...[
      'https://app_x.example/x',
      'https://äpp.example/x',
      'https://app.example/x y',
      'https://app.example\\x',
      'https://127.1/x',
    ],
    `https://app.example/${'x'.repeat(256)}`,
  ])
    it(`is none: ${JSON.stringify(id.slice(0, 60))}`, () => assert.equal(documentHost(id), undefined));
});

describe('the metadata document of a client', () => {
  it('says who it is', () => {
    const text = JSON.stringify({ ...FIELDS, logo_uri: 'https://evil.example/x.png', jwks: {} });
    const { id, name, host, redirectUris } = readDocument(ID, 'app.example', text);
    assert.deepEqual([id, name, host, redirectUris], [ID, 'App', 'app.example', FIELDS.redirect_uris]);
    const more = JSON.stringify({ ...FIELDS, redirect_uris: ['app://cb', 1, ...FIELDS.redirect_uris] });
    assert.deepEqual(readDocument(ID, 'app.example', more).redirectUris, FIELDS.redirect_uris);
    const quoting = JSON.stringify({ ...FIELDS, client_name: ` ”x\u202e${'y'.repeat(100)}` });
    assert.match(readDocument(ID, 'app.example', quoting).name, /^'x\\u\{202e\}y{58,64}…$/);
  });

  for (const [text, why] of [
    ['', /no JSON object|not a JSON object/],
    ['<html>', /not a JSON object/],
    ['[]', /not a JSON object/],
    ['null', /not a JSON object/],
    [JSON.stringify({ ...FIELDS, client_id: `${ID}/` }), /of another client_id/],
    [JSON.stringify({ ...FIELDS, client_id: [ID] }), /of another client_id/],
    [JSON.stringify({ ...FIELDS, redirect_uris: [] }), /redirect_uris/],
    [JSON.stringify({ ...FIELDS, redirect_uris: ['http://app.example/'] }), /redirect_uris/],
    [JSON.stringify({ ...FIELDS, client_secret: 'x' }), /client_secret/],
    [JSON.stringify({ ...FIELDS, token_endpoint_auth_method: 'private_key_jwt' }), /public clients only/],
    [JSON.stringify({ ...FIELDS, token_endpoint_auth_method: 'client_secret_basic' }), /public clients only/],
  ] as const)
    it(`cannot be used: ${text.slice(0, 40)}`, () =>
      assert.throws(() => readDocument(ID, 'app.example', text), { error: 'invalid_client', message: why }));
});

describe('the clients that have a document', () => {
  it('are fetched once for all who wait, and kept within bounds of time', async () => {
    for (const [cacheControl, keptMs] of [
      ['', 600_000],
      ['max-age=0', 60_000],
      ['no-store', 60_000],
      ['public, max-age=1200', 1_200_000],
      ['max-age=999999999', 3_600_000],
    ] as const) {
      const { clock, asked, documents } = setUp(() => good(cacheControl));
      await Promise.all([documents.find(ID, by('ana')), documents.find(ID, by('bob'))]);
      clock.nowMs += keptMs - 1;
      assert.equal((await documents.find(ID, by('ana')))?.name, 'App');
      assert.equal(asked.length, 1, cacheControl);
      clock.nowMs += 1;
      await documents.find(ID, by('ana'));
      assert.equal(asked.length, 2, cacheControl);
    }
  });

  it('are not asked again for a while when their document cannot be used', async () => {
    const { clock, asked, documents } = setUp(() => ({ text: '{}', cacheControl: 'max-age=3600' }));
    for (let at = 0; at < 3; at++) await assert.rejects(documents.find(ID, by('ana')), { error: 'invalid_client' });
    assert.equal(asked.length, 1);
    clock.nowMs += 30_000;
    await assert.rejects(documents.find(ID, by('ana')), { error: 'invalid_client' });
    assert.equal(asked.length, 2);
  });

  it('Z28 are fetched twenty times a minute for an account, and so many at once', async () => {
    const { documents } = setUp((url) => ({ text: JSON.stringify({ ...FIELDS, client_id: url }), cacheControl: '' }));
    for (let at = 0; at < 20; at++) assert.ok(await documents.find(`${ID}${at}`, by('ana')));
    await assert.rejects(documents.find(`${ID}20`, by('ana')), { code: 'ERR_RATE_LIMITED' });
    assert.ok(await documents.find(`${ID}19`, by('ana')));
    const hanging = setUp(() => new Promise(() => {}));
    for (let at = 0; at < MAX_FETCHES; at++) void hanging.documents.find(`${ID}${at}`, by(`account ${at}`));
    await new Promise(setImmediate);
    await assert.rejects(hanging.documents.find(`${ID}x`, by('ana')), { code: 'ERR_LIMIT_REACHED' });
    assert.equal(await hanging.documents.find('postern', by('ana')), undefined);
  });
});

describe('the documents that an account asks for', () => {
  const any = (url: string) => ({ text: JSON.stringify({ ...FIELDS, client_id: url }), cacheControl: '' });

  it('Z28 are not used up by pages of other origins', async () => {
    const { documents } = setUp(any);
    for (let at = 0; at < 20; at++) assert.ok(await documents.find(`${ID}${at}`, by('ana', 'cross-site')));
    await assert.rejects(documents.find(`${ID}20`, by('ana', 'same-site')), { code: 'ERR_RATE_LIMITED' });
    assert.ok(await documents.find(`${ID}20`, by('ana', 'same-origin')));
  });

  it('Z28 are not many at once: two for itself, and two that others have led it to', async () => {
    const going: (() => void)[] = [];
    const { documents } = setUp((url) => new Promise((resolve) => going.push(() => resolve(any(url)))));
    const asked: Promise<unknown>[] = [];
    for (let at = 0; at < MAX_FETCHES_OF_ONE; at++)
      for (const site of ['cross-site', 'none']) asked.push(documents.find(`${ID}${site}${at}`, by('ana', site)));
    await new Promise(setImmediate);
    for (const site of ['cross-site', 'none'])
      await assert.rejects(documents.find(`${ID}x`, by('ana', site)), { code: 'ERR_RATE_LIMITED' });
    asked.push(documents.find(`${ID}none0`, by('ana'))); // which is on its way
    asked.push(documents.find(`${ID}x`, by('bob')));
    await new Promise(setImmediate);
    for (const go of going) go();
    await Promise.all(asked);
    const next = documents.find(`${ID}y`, by('ana'));
    await new Promise(setImmediate);
    going.at(-1)?.();
    assert.ok(await next);
  });
});

describe('the look-up of the host of a document', () => {
  /** Answers of a name server, one after the other; how often it was asked for addresses of IPv4. */
  function nameServer(...answers: readonly (readonly string[])[]) {
    let asked = 0;
    const of = (family: number) => (answers[asked - 1] ?? []).filter((address) => isIP(address) === family);
    const mocks = [
      mock.method(Resolver.prototype, 'resolve4', async () => {
        asked += 1;
        return of(4);
      }),
      mock.method(Resolver.prototype, 'resolve6', async () => of(6)),
    ];
    const restore = () => {
      for (const each of mocks) each.mock.restore();
    };
    return { asked: () => asked, restore };
  }

  /** What the connection would dial. */
  async function resolved(addresses: readonly string[], all: boolean): Promise<unknown> {
    const server = nameServer(addresses);
    const dialled = await new Promise((resolve) =>
      lookupPublic('app.example', { all }, (error, address) => resolve(error?.code ?? address)),
    );
    server.restore();
    return dialled;
  }

  it('Z28 gives the connection the addresses that it has checked', async () => {
    assert.equal(await resolved(['93.184.216.34'], false), '93.184.216.34');
    assert.deepEqual(await resolved(['93.184.216.34', '2606:4700::1'], true), [
      { address: '93.184.216.34', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  for (const addresses of [['127.0.0.1'], ['93.184.216.34', '10.0.0.1'], ['::1'], ['::ffff:93.184.216.34'], []])
    it(`Z28 gives none where one is not public: ${addresses.join(', ') || 'none'}`, async () => {
      assert.equal(await resolved(addresses, true), 'ENOTPUBLIC');
      assert.equal(await resolved(addresses, false), 'ENOTPUBLIC');
    });

  it('Z28 is made once for a fetch: what the name means a moment later changes nothing', async () => {
    const server = nameServer(['10.0.0.1'], ['93.184.216.34']);
    await assert.rejects(fetchDocument(ID), { error: 'invalid_client', message: /public address/ });
    server.restore();
    assert.equal(server.asked(), 1);
  });
});
