/** docs/budgets.md is held to the code: each number to the constant that bounds it, each id to a threat, each code to the table. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TIMEOUT_MS as PROOF_TIMEOUT_MS } from '../../src/cluster/peer-handshake.js';
import { TIMEOUT_MS as TLS_TIMEOUT_MS } from '../../src/cluster/peer-tls.js';
import { MAX_STRANGERS, MAX_STRANGERS_OF_ONE } from '../../src/cluster/strangers.js';
import { MAX_NEW_CERTIFICATES, MAX_NEW_CERTIFICATES_OF_ONE } from '../../src/edge/acme/manager.js';
import { MAX_NAMES_OF_ONE } from '../../src/edge/agents/names.js';
import { MAX_SEEN_OF_ONE } from '../../src/edge/agents/seen-tokens.js';
import { MAX_STREAMS as MAX_STREAMS_OF_EVENTS, MAX_STREAMS_OF_ONE } from '../../src/edge/api/events.js';
import {
  MAX_OF_ONE as MAX_CLIENTS_OF_ONE,
  MAX_OF_OWNER,
  MAX_OF_TUNNEL,
} from '../../src/edge/clients/client-sign-ins.js';
import { DOCUMENT_TIMEOUT_MS, MAX_DOCUMENT_BYTES } from '../../src/edge/clients/document-fetch.js';
import { MAX_DOCUMENTS, MAX_FETCHES, MAX_FETCHES_OF_ONE } from '../../src/edge/clients/documents.js';
import { MAX_OF_ONE } from '../../src/edge/oauth/agent-sign-ins.js';
import { MAX_WAITING as MAX_WAITING_DEVICES } from '../../src/edge/oauth/device-codes.js';
import { BUDGETS as LOGGED_BUDGETS } from '../../src/edge/ops/events.js';
import { MAX_WAITING_SPANS } from '../../src/edge/ops/span-exporter.js';
import { MAX_KEYS, MAX_KEYS_OF_ONE } from '../../src/edge/ops/tally.js';
import { MAX_TRACES_PER_SECOND } from '../../src/edge/ops/tracer.js';
import {
  MAX_ACCESS_TOKEN_MS,
  MAX_ACCESS_TOKENS,
  MAX_ACCESS_TOKENS_OF_OWNER,
} from '../../src/edge/people/access-tokens.js';
import { MAX_GRANTS, MAX_GRANTS_OF_OWNER } from '../../src/edge/people/grants.js';
import { MAX_INVITES, MAX_INVITES_OF_OWNER } from '../../src/edge/people/invites.js';
import { MAX_KNOCKS } from '../../src/edge/people/knocks.js';
import { RESERVED_SHARE as RESERVED_OF_BOUND } from '../../src/edge/people/room.js';
import { MAX_SIGN_INS_OF_ONE } from '../../src/edge/people/visitor-sign-ins.js';
import { MAX_FORM_BYTES, MAX_SMALL_FORM_BYTES } from '../../src/edge/replies/repost.js';
import {
  ACCOUNT_SIGN_INS,
  AGENT_SIGN_INS,
  BAD_LOGOUT_TOKENS,
  BAD_TOKENS,
  CHANGES,
  CLIENT_DOCUMENTS,
  CLIENT_REFRESHES,
  CLIENT_REGISTRATIONS,
  CLIENT_SIGN_INS,
  CONNECTIONS_OF_ONE,
  CROWDED_CONNECTIONS,
  DEVICE_REQUESTS,
  HANDSHAKES,
  HEADERS_TIMEOUT_MS,
  KNOCKS,
  LINKS,
  MAX_CONNECTIONS,
  MAX_HEADER_BYTES,
  MAX_HEADERS,
  MAX_PENDING_RESPONSES,
  MAX_WAITING_HEAD_BYTES,
  SIGN_INS,
  UNFINISHED_HEADS,
  WRONG_CODES,
  WRONG_CODES_OF_ADDRESS,
  WRONG_INVITES,
} from '../../src/edge/request/limits.js';
import { MIN_TAKEN_BYTES, STALLED_AFTER_MS } from '../../src/edge/request/stalls.js';
import { MAX_WAITING, MAX_WAITING_OF_ONE } from '../../src/edge/routes/access.js';
import { MAX_OWN_BODY_BYTES, MAX_OWN_BODY_MS } from '../../src/edge/routes/bounded-body.js';
import { MAX_EARLY_BYTES } from '../../src/edge/visitors/http1/early-bytes.js';
import { CONNECTION, OF_ALL, OF_NETWORK, type SharedLimits } from '../../src/edge/visitors/http2/limits.js';
import { PosternError } from '../../src/errors.js';
import { MIN_START_BYTES } from '../../src/http2/flow/buffer-shares.js';
import { DEFAULT_FLOW_LIMITS } from '../../src/http2/flow/flow-control.js';
import { MAX_PENDING_BYTES } from '../../src/http2/send/send-half.js';
import { MAX_STREAMS, UNREAD, UNSENT } from '../../src/link/link.js';
import { MAX_LINKS } from '../../src/link/several-links.js';
import { FEW_STREAMS, RECLAIMED_AFTER_MS, RESERVED_SHARE, SHARE } from '../../src/link/stream-shares.js';
import { MAX_VIEWERS } from '../../src/link/terms.js';
import { FEW_ENTRIES, SCARCE_SHARE, SHARE as SHARE_OF_IDS } from '../../src/store/expiring-ids.js';
import { MAX_WAITING_WRITES } from '../../src/store/folder.js';
import { MAX_ENTRIES, RESERVED_SHARE as RESERVED_OF_KIND } from '../../src/store/table.js';
import { PROJECT_ROOT } from '../support/project-root.js';

const read = (...path: string[]) => readFileSync(join(PROJECT_ROOT, ...path), 'utf8');
const count = (number: number) => number.toLocaleString('en');
const KIB = 1_024;
const MIB = 1_048_576;
const UNREAD_BYTES = 256 * MIB;
const UNSENT_BYTES = 16 * MIB;
const READ_BYTES = 65_536; // what Node reads from a socket at once
const WORDS: ReadonlyMap<number, string> = new Map([
  [1 / 4, 'a quarter'],
  [1 / 10, 'tenth'],
  [9 / 10, 'nine tenths'],
  [2, 'two'],
  [4, 'four'],
  [5, 'five'],
  [10, 'ten'],
  [30, 'thirty'],
]);
const word = (number: number) => WORDS.get(number) ?? `no word for ${number}`;

/** What the HTTP/2 connections of a party share. */
function http2Rows(party: string, { frames, held }: SharedLimits, unless: string): Record<string, string> {
  const mib = (bytes: number) => `${bytes / MIB} MiB`;
  assert.equal(held.unread, held.unsent);
  return {
    [`${party}: heads of requests over HTTP/2 whose responses have not ended, and 4 KiB for each body that is to come${unless}`]:
      mib(held.heads),
    [`${party}: frames and field blocks of HTTP/2 that are not whole${unless}`]: mib(held.unfinished),
    [`${party}: bodies over HTTP/2 that are not read, and responses that wait to be sent${unless}`]: `${mib(held.unread)} of each`,
    [`${party}: streams over HTTP/2 that are reset`]: `${count(frames.resets.perSecond)} a second, ${count(frames.resets.burst)} at once`,
  };
}

// By party and what it holds: how much, and what happens past it where a number is in that.
const BUDGETS: Readonly<Record<string, string | readonly [string, string]>> = {
  'process: connections': count(MAX_CONNECTIONS),
  'network: connections, unless it is a trusted proxy': [
    `${count(CONNECTIONS_OF_ONE.most)}; ${count(CONNECTIONS_OF_ONE.crowded)} while ${word(CROWDED_CONNECTIONS / MAX_CONNECTIONS)} of all are open`,
    'new ones are closed',
  ],
  'process: bytes of unfinished request heads': `${UNFINISHED_HEADS.maxBytes / MIB} MiB`,
  'process: links': count(LINKS.most),
  'process: bytes that are unread on all links': [
    `${UNREAD_BYTES / MIB} MiB`,
    `new streams start with ${MIN_START_BYTES / KIB} KiB`,
  ],
  'process, edge or agent: bytes that wait on all links to be sent (uploads, responses)': `${(MAX_PENDING_BYTES + READ_BYTES) / KIB} KiB a stream; ${READ_BYTES / KIB} KiB once all together are ${UNSENT_BYTES / MIB} MiB`,
  'process: audit records of refusals': `${2 * MAX_KEYS} a minute`, // the first of each kind, and its count
  'process: ids of finished sign-ins': count(MAX_ENTRIES),
  'connection: requests whose response has not left': `${MAX_PENDING_RESPONSES}`,
  'connection: heads that wait behind another request': `${MAX_WAITING_HEAD_BYTES / KIB} KiB`,
  'connection: a request head': `${MAX_HEADER_BYTES / KIB} KiB, ${count(MAX_HEADERS)} lines, ${word(HEADERS_TIMEOUT_MS / 1_000)} seconds`,
  'connection over HTTP/2: requests at once': `${CONNECTION.maxStreams}`,
  'connection over HTTP/2: a request head': `${CONNECTION.maxHeaderListBytes / KIB} KiB, ${count(CONNECTION.maxHeaderFields)} fields`,
  ...http2Rows('network', OF_NETWORK, ', unless it is a trusted proxy'),
  ...http2Rows('process', OF_ALL, ''),
  'network: bytes of unfinished request heads, unless it is a trusted proxy': `${UNFINISHED_HEADS.maxBytesOfOne / MIB} MiB`,
  'network: steps of a sign-in: begun, led to by pages of other sites, completed': `${SIGN_INS.points} a minute of each`,
  'network: TLS handshakes that are not complete, unless it is a trusted proxy': `${HANDSHAKES.maxOfOne}, of ${word(HANDSHAKES.timeoutMs / 1_000)} seconds`,
  'network: refused tokens': `${BAD_TOKENS.points} a minute`,
  'network: refused access tokens': `${BAD_TOKENS.points} a minute`,
  'network: links': count(LINKS.maxOfOne),
  'network: ids of finished sign-ins': `${count(MAX_ENTRIES * SHARE_OF_IDS)}; ${word(FEW_ENTRIES)} once ${word(SCARCE_SHARE)} are taken`,
  'network, session: kinds of refusals with records of their own': `${MAX_KEYS_OF_ONE} a minute`,
  'process: new certificates from an authority, for tunnels': `${MAX_NEW_CERTIFICATES} a week`,
  'owner of tunnels: new certificates from an authority': `${MAX_NEW_CERTIFICATES_OF_ONE} a week`,
  'process: device codes that wait for a person': count(MAX_WAITING_DEVICES),
  'network: device codes that wait for a person': `${count(MAX_WAITING_DEVICES * SHARE_OF_IDS)}; ${word(FEW_ENTRIES)} once ${word(SCARCE_SHARE)} are taken`,
  'network: requests for a device code': `${DEVICE_REQUESTS.points} a minute`,
  'network: wrong user codes': `${WRONG_CODES_OF_ADDRESS.points} an hour`,
  'account: wrong user codes': `${WRONG_CODES.points} an hour`,
  'account: agents that are signed in': `${AGENT_SIGN_INS.points} a ${AGENT_SIGN_INS.duration === 86_400 ? 'day' : 'time'}`,
  'account: sign-ins of visitors that are listed': [`${MAX_SIGN_INS_OF_ONE}`, 'the oldest is not listed, and goes on'],
  'account: OAuth clients that act for it': [
    `${MAX_CLIENTS_OF_ONE}`,
    'the one that was not refreshed for the longest time ends',
  ],
  'account: OAuth clients that it lets in': `${CLIENT_SIGN_INS.points} a ${CLIENT_SIGN_INS.duration === 86_400 ? 'day' : 'time'}`,
  'account: refreshes by its OAuth clients': `${CLIENT_REFRESHES.points} a ${CLIENT_REFRESHES.duration === 60 ? 'minute' : 'time'}`,
  'account: metadata documents of OAuth clients that are fetched: by itself, led to by pages of other sites': `${CLIENT_DOCUMENTS.points} a minute of each, ${word(MAX_FETCHES_OF_ONE)} of each at once`,
  'process: metadata documents of OAuth clients that are being fetched': `${MAX_FETCHES}, of ${word(DOCUMENT_TIMEOUT_MS / 1_000)} seconds and ${MAX_DOCUMENT_BYTES / KIB} KiB each`,
  'process: metadata documents of OAuth clients that are kept': [count(MAX_DOCUMENTS), 'the oldest is fetched again'],
  'network: registrations of OAuth clients': `${CLIENT_REGISTRATIONS.points} a minute, of which the edge keeps nothing`,
  'tunnel: OAuth clients that act for people': count(MAX_OF_TUNNEL),
  'owner of tunnels: OAuth clients that act for people': count(MAX_OF_OWNER),
  'account: sign-ins of agents': [`${MAX_OF_ONE}`, 'the one that was not used for the longest time ends'],
  'owner of tokens: links': count(LINKS.maxOfOne),
  'owner of tokens: tokens that are listed': [
    count(MAX_SEEN_OF_ONE),
    'the one that was not seen for the longest time is listed when it is used again',
  ],
  'owner of tokens: names': count(MAX_NAMES_OF_ONE),
  'process: requests that are [traced](metrics.md#traces)': `${MAX_TRACES_PER_SECOND} a second`,
  'process: spans that wait for the collector': count(MAX_WAITING_SPANS),
  'stranger at a [peer address](scale.md#several-machines): connections that have not proved the secret': `${MAX_STRANGERS}, ${MAX_STRANGERS_OF_ONE} of them of one network, of ${word(TLS_TIMEOUT_MS / 1_000)} seconds for TLS and ${word(PROOF_TIMEOUT_MS / 1_000)} for the proof`,
  'process: writes that wait for the disk of the state folder': count(MAX_WAITING_WRITES),
  'visitor: streams of a tunnel': `${word(SHARE)}, none of the last ${word(RESERVED_SHARE)} beyond ${word(FEW_STREAMS)}`,
  'visitor: time for which a response is not read': `${MIN_TAKEN_BYTES / KIB} KiB in ${word(STALLED_AFTER_MS / 60_000)} minutes are the least`,
  [`process: uploads whose app takes less than ${MIN_TAKEN_BYTES / KIB} KiB in ${word(STALLED_AFTER_MS / 60_000)} minutes, while nine tenths of the connections are open`]:
    CROWDED_CONNECTIONS === 0.9 * MAX_CONNECTIONS ? 'none' : 'another share',
  'visitor: bytes of one upload that its app does not take': '256 KiB', // several buffers together: I4 measures them
  [`visitor: streams whose app takes nothing for ${word(RECLAIMED_AFTER_MS / 1_000)} seconds`]:
    'as many as of others, until the visitor needs the room',
  'visitor: bytes ahead of an accepted WebSocket': `${MAX_EARLY_BYTES / KIB} KiB`,
  'visitor: a body for a path of the edge itself': `${MAX_OWN_BODY_BYTES / KIB} KiB, ${word(MAX_OWN_BODY_MS / 1_000)} seconds (forms that are posted again: ${MAX_FORM_BYTES / KIB} KiB; those of OAuth, and logout tokens: ${MAX_SMALL_FORM_BYTES / KIB} KiB)`,
  'visitor: requests to be let in': `${KNOCKS.points} an ${KNOCKS.duration === 3_600 ? 'hour' : 'other time'}`,
  'visitor: pages that wait to be let in': `${MAX_WAITING_OF_ONE}`,
  'process: pages that wait to be let in': count(MAX_WAITING),
  "process: streams of the API's events": count(MAX_STREAMS_OF_EVENTS),
  'caller of the API: changes, with the pages too; a token that is limited to some names is a caller of its own': `${CHANGES.points} a ${CHANGES.duration === 60 ? 'minute' : 'time'}`,
  'caller of the API: streams of events': `${MAX_STREAMS_OF_ONE}`,
  'tunnel: grants and denials': `${count(MAX_GRANTS)}, the last ${word(RESERVED_OF_BOUND)} for denials`,
  'owner of tunnels: grants and denials': `${count(MAX_GRANTS_OF_OWNER)}, the last ${word(RESERVED_OF_BOUND)} for denials`,
  'process: grants and denials': `${count(MAX_ENTRIES)}, the last ${word(RESERVED_OF_KIND)} for denials`,
  'process: ended sign-ins, of visitors and of agents': `${count(MAX_ENTRIES)} of each, the last ${word(RESERVED_OF_KIND)} for ending: no sign-in begins any more`,
  'process: anything else that is remembered, of each kind': count(MAX_ENTRIES),
  'owner of tunnels: access tokens': `${MAX_ACCESS_TOKENS_OF_OWNER}`,
  'owner of tunnels: invites': `${MAX_INVITES_OF_OWNER}`,
  'account: sign-ins': `${count(ACCOUNT_SIGN_INS.points)} a ${ACCOUNT_SIGN_INS.duration === 86_400 ? 'day' : 'time'}`,
  'tunnel: people whom `--viewers` counts': count(MAX_VIEWERS),
  'tunnel: access tokens': `${count(MAX_ACCESS_TOKENS)}, of ${MAX_ACCESS_TOKEN_MS / 86_400_000} days at most`,
  'tunnel: invites that are not used up': `${MAX_INVITES}`,
  'provider: logout tokens that are not valid, by address': `${BAD_LOGOUT_TOKENS.points} a ${BAD_LOGOUT_TOKENS.duration === 60 ? 'minute' : 'other time'}`,
  'visitor: invites that are wrong or over: opened, led to by pages of other sites': `${WRONG_INVITES.points} an ${WRONG_INVITES.duration === 3_600 ? 'hour' : 'other time'} of each`,
  'tunnel: people who ask to be let in': `${MAX_KNOCKS}`,
  'tunnel: links': `${MAX_LINKS}, and as many as the edge has nodes`,
  'link: streams': `${count(MAX_STREAMS)}, or what its agent takes`,
  'link: frames that carry nothing, resets, window updates': 'budgets that fill again',
  'link: unread bytes': `${DEFAULT_FLOW_LIMITS.maxConnectionBytes / MIB} MiB`,
};

const rows = read('docs', 'budgets.md')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1) // the names of the columns
  .map((line) => line.slice(2, -2).split(' | '));

describe('docs/budgets.md', () => {
  const threats = new Set([...read('docs', 'security.md').matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id]) => id));

  // Parentheses explain who the party is.
  const keyOf = ([party = '', what = '']: readonly string[]) => `${party.replace(/ \(.*\)$/, '')}: ${what}`;

  test('has each budget once', () => assert.deepEqual(rows.map(keyOf).sort(), Object.keys(BUDGETS).sort()));

  for (const row of rows) {
    const [, , much, past = '', ids = ''] = row;
    test(`says of ${keyOf(row)} what the code does`, () => {
      const expected = BUDGETS[keyOf(row)] ?? '';
      assert.equal(much, typeof expected === 'string' ? expected : expected[0]);
      if (typeof expected !== 'string') assert.equal(past, expected[1]);
      for (const id of ids.split(', ')) assert.ok(threats.has(id), `there is no row ${id}`);
      const [, status, code] = /^(\d{3}) `(ERR_[A-Z_]+)`/.exec(past) ?? [];
      if (code !== undefined) assert.equal(new PosternError(code as 'ERR_INTERNAL').status, Number(status), code);
    });
  }

  test('is logged in the words of docs/logs.md', () => {
    const budgets = LOGGED_BUDGETS.map((budget) => `'${budget}'`);
    const sinks = read('src', 'edge', 'ops', 'audit-sink.ts') + read('src', 'edge', 'ops', 'log-sink.ts');
    const events = sinks.match(/(?<=event: |error, |#write\()'[a-z-]+'/g) ?? [];
    assert.ok(budgets.length > 3 && events.length > 8, `${budgets} ${events}`);
    const page = read('docs', 'logs.md');
    for (const quoted of [...budgets, ...events, "'count'", "'others'"])
      assert.match(page, new RegExp(`[\`\\s]${quoted.slice(1, -1)}\``), quoted);
  });

  test('is where README and the page of the log lead', () => {
    assert.match(read('README.md'), /\(docs\/budgets\.md\)/);
    assert.match(read('docs', 'logs.md'), /\(budgets\.md\)/);
  });

  test('bounds what is unread and what is unsent on all links', (t) => {
    t.after(() => UNREAD.add(-UNREAD.bytes));
    t.after(() => UNSENT.add(-UNSENT.bytes));
    UNREAD.add(UNREAD_BYTES);
    UNSENT.add(UNSENT_BYTES);
    assert.deepEqual([UNREAD.isExceeded, UNSENT.isExceeded], [false, false]);
    UNREAD.add(1);
    UNSENT.add(1);
    assert.deepEqual([UNREAD.isExceeded, UNSENT.isExceeded], [true, true]);
  });
});
