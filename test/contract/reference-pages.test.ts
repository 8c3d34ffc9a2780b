/** The reference pages are held to the code: the handshake in docs/protocol.md, and the edge's own paths. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LINK_PATH, MAX_MESSAGE_BYTES, readOffer, SUBPROTOCOL, writeOffer } from '../../src/link/handshake.js';
import { PROJECT_ROOT } from '../support/project-root.js';

const read = (...path: string[]) => readFileSync(join(PROJECT_ROOT, ...path), 'utf8');

const OFFER = {
  token: 'postern_v1_token',
  name: 'demo',
  allow: ['@acme.com', 'bob@x.com'],
  origins: ['https://web.acme.com'],
  frameOrigins: ['https://web.acme.com'],
  terms: {
    publicPaths: [
      { method: 'POST', path: '/webhooks/', isPrefix: true },
      { method: 'GET', path: '/health', isPrefix: false },
    ],
    preflight: true,
    accessTokenBasic: true,
    oauthResource: true,
    readOnly: true,
    viewers: 20,
    exchangeDetails: true,
  },
  agentId: 'a'.repeat(16),
  links: { most: 4, slot: 2 },
};

describe('docs/protocol.md', () => {
  const page = read('docs', 'protocol.md');

  test('has the path, the subprotocol and the size of messages', () => {
    for (const text of [`GET ${LINK_PATH}`, `\`${SUBPROTOCOL}\``, `${MAX_MESSAGE_BYTES / 1_048_576} MiB`])
      assert.ok(page.includes(text), text);
  });

  test('has each header of an offer, as an agent writes it', () => {
    const names = [...page.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name = '']) => name);
    assert.deepEqual(names.sort(), ['Sec-WebSocket-Protocol', ...Object.keys(writeOffer(OFFER))].sort());
    for (const name of ['Postern-Tunnel', 'Postern-Allow', 'Postern-Allow-Origin', 'Postern-Frame-Origins'])
      assert.match(page, new RegExp(`\`${name}\` \\| .*\`${writeOffer(OFFER)[name]}\``), name);
  });

  for (const [name, item, key] of [
    ['Postern-Allow', '@acme.com', 'allow'],
    ['Postern-Allow-Origin', 'https://web.acme.com', 'origins'],
    ['Postern-Frame-Origins', 'https://web.acme.com', 'frameOrigins'],
  ] as const) {
    test(`says how many items ${name} may have`, () => {
      const most = Number(new RegExp(`\`${name}\` \\| optional: up to (\\d+) `).exec(page)?.[1]);
      const offerOf = (count: number) => {
        const headers = Object.entries(
          writeOffer({ ...OFFER, [key]: Array.from({ length: count }, () => item) }),
        ).flat();
        return readOffer(['Sec-WebSocket-Protocol', SUBPROTOCOL, ...headers]);
      };
      assert.equal(offerOf(most)[key].length, most);
      assert.throws(() => offerOf(most + 1), { code: 'ERR_OFFER_INVALID' });
    });
  }
});

describe('docs/requests-and-responses.md', () => {
  const page = read('docs', 'requests-and-responses.md');
  const files = ['routes/base.ts', 'routes/tunnel.ts', 'oauth/routes.ts'];
  const sources = files.map((path) => read('src', 'edge', ...path.split('/'))).join('');
  const paths = new Set([LINK_PATH, ...(sources.match(/(?<=')\/(?:oauth2|\.postern)\/[\w.]+(?=')/g) ?? [])]);

  test('has the paths of the edge', () => assert.ok(paths.size > 8, `${[...paths]}`));
  for (const path of paths) {
    test(`has ${path}`, () => assert.match(page, new RegExp(`\`${path.replaceAll('.', '\\.')}(?:\\?rd=)?\``)));
  }
});
