/** What a refused account is told when groups of it were left out, and which link signs in again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../../../src/auth/session/session.js';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import { refusalPage } from '../../../../src/edge/routes/access-pages.js';
import { groupsLeftOut, isAskedAgain } from '../../../../src/edge/routes/groups-left-out.js';
import { requestOf } from '../visits.js';

const BASE = readBaseAddress('http://localhost:8080') ?? assert.fail();
const LINK = '/oauth2/start?rd=/access?to=demo&again=1';

const sessionOf = (groupsOmitted: boolean, emailVerified = true) =>
  ({ identity: { email: 'ana@acme.com', groupsOmitted, emailVerified } }) as Session;

test('W2 an account with groups that were left out is led to sign in again, and no other', () => {
  for (const [session, isLed] of [
    [sessionOf(true), true],
    [sessionOf(false), false],
    [sessionOf(true, false), false],
  ] as const) {
    assert.equal(groupsLeftOut(session, '/access?to=demo').length, isLed ? 2 : 0);
    const page = JSON.stringify(refusalPage(BASE, 'demo', session, '/access?to=demo'));
    assert.equal(page.includes(JSON.stringify(LINK)), isLed);
  }
});

test('W2 a page of another origin signs nobody in again', () => {
  for (const [path, header, isAgain] of [
    [LINK, { 'sec-fetch-site': 'same-origin' }, true],
    [LINK, { 'sec-fetch-site': 'same-site' }, false],
    [LINK, { 'sec-fetch-site': 'cross-site' }, false],
    [LINK, { 'sec-fetch-site': 'none' }, false],
    [LINK, {}, false],
    ['/oauth2/start?rd=/', { 'sec-fetch-site': 'same-origin' }, false],
  ] as const)
    assert.equal(
      isAskedAgain(requestOf({ base: BASE, host: 'localhost:8080', path, header }), BASE.origin),
      isAgain,
      `${path} ${JSON.stringify(header)}`,
    );
});
