import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReturnTarget } from '../../../../src/auth/session/return-path.js';
import { Transactions } from '../../../../src/auth/session/transaction.js';
import { remembered } from '../../../support/remembered.js';

const START_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;
const SECRET = 'a secret of at least thirty-two bytes';
const PREFIX = '__Host-postern-signin-';
const target: ReturnTarget = { place: 'tunnel', name: 'demo', path: '/a?b=c' };
const failed = { code: 'ERR_LOGIN_FAILED' };

/** The cookies of one browser on the base host. */
class Browser {
  readonly cookies = new Map<string, string>();

  take(...lines: string[]): void {
    for (const line of lines) {
      const [name = '', value = ''] = (line.split(';', 1)[0] as string).split(/=(.*)/s);
      if (line.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  get header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

function setUp() {
  let nowMs = START_MS;
  const now = () => nowMs;
  const { redemptions } = remembered({ now });
  const make = (...secrets: string[]) => new Transactions({ secrets, secure: true, redemptions, now });
  const transactions = make(SECRET);
  const browser = new Browser();
  const start = async (fields: { target: ReturnTarget; nonceHash?: string; continues?: string } = { target }) => {
    nowMs += 1;
    const { transaction, cookies } = await transactions.start(browser.header, { provider: 'oidc', ...fields });
    browser.take(...cookies);
    return transaction;
  };
  const finish = async (state: string | undefined) => {
    const { transaction, cookie } = await transactions.finish(browser.header, state);
    browser.take(cookie);
    return transaction;
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { transactions, make, browser, start, finish, pass };
}

describe('a sign-in', () => {
  it('finishes in the browser that started it, with all its fields', async () => {
    const { start, finish, browser } = setUp();
    const started = await start({ target, nonceHash: 'hash', continues: 'id' });
    assert.deepEqual(await finish(started.state), started);
    assert.equal(browser.cookies.size, 0);
  });

  it('keeps its return target', async () => {
    const { start, finish } = setUp();
    for (const place of [
      target,
      { place: 'base', path: '/' },
      { place: 'base', path: '/x' },
    ] satisfies ReturnTarget[]) {
      assert.deepEqual((await finish((await start({ target: place })).state)).target, place);
    }
  });

  it('has its own secrets, which are valid for PKCE', async () => {
    const { start } = setUp();
    const started = [await start(), await start()];
    const secrets = started.flatMap(({ state, nonce, verifier }) => [state, nonce, verifier]);
    assert.equal(new Set(secrets).size, 6);
    for (const { nonce, verifier } of started) {
      assert.match(verifier, /^[\w.~-]{43,128}$/);
      assert.match(nonce, /^[\w-]{43}$/);
    }
  });

  it('is kept in a cookie of the base host for ten minutes, with its secrets sealed', async () => {
    const { transactions } = setUp();
    const { transaction, cookies } = await transactions.start(undefined, { provider: 'oidc', target });
    const [pair = '', ...attributes] = (cookies[0] as string).split('; ');
    assert.deepEqual(attributes.sort(), ['HttpOnly', 'Max-Age=600', 'Path=/', 'SameSite=Lax', 'Secure']);
    assert.equal(pair.startsWith(PREFIX), true);
    for (const secret of [transaction.nonce, transaction.verifier, transaction.state.split('.')[1] as string]) {
      assert.equal(pair.includes(secret), false);
    }
  });
});

describe('a state is rejected', () => {
  it('when it is missing, malformed, or of a sign-in that this browser did not start', async () => {
    const { start, finish, make } = setUp();
    const { state } = await start();
    const foreign = (await make(SECRET).start(undefined, { provider: 'oidc', target })).transaction.state;
    const odd = ['', '.', 'x', state.slice(0, -1), `${state}x`, state.split('.')[0], `${state.split('.')[0]}.`];
    for (const value of [undefined, ...odd, foreign, `${PREFIX}${state}`, 'a'.repeat(100_000), '__proto__.x']) {
      await assert.rejects(finish(value), failed);
    }
    await finish(state);
  });

  it('when it was used, even by a browser that kept its cookie', async () => {
    const { start, finish, transactions, browser } = setUp();
    const { state } = await start();
    const kept = browser.header;
    await finish(state);
    await assert.rejects(finish(state), failed);
    await assert.rejects(transactions.finish(kept, state), failed);
  });

  it('when it is used twice at once', async () => {
    const { start, transactions, browser } = setUp();
    const { state } = await start();
    const both = await Promise.allSettled([1, 2].map(() => transactions.finish(browser.header, state)));
    assert.equal(both.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('after ten minutes', async () => {
    const { start, finish, pass } = setUp();
    const [early, late] = [await start(), await start()];
    pass(10 * MINUTE_MS - 2);
    await finish(early.state);
    pass(2);
    await assert.rejects(finish(late.state), failed);
  });

  it('when its cookie has the name of another one', async () => {
    const { start, transactions, browser } = setUp();
    const [one, two] = [await start(), await start()];
    const [first, second] = [...browser.cookies];
    const swapped = `${first?.[0]}=${second?.[1]}; ${second?.[0]}=${first?.[1]}`;
    for (const { state } of [one, two]) await assert.rejects(transactions.finish(swapped, state), failed);
  });

  it('when any byte of its cookie has changed, including the readable path', async () => {
    const { start, transactions, browser } = setUp();
    const { state } = await start();
    const [name, value = ''] = [...browser.cookies][0] as [string, string];
    assert.match(value, /~\/a\?b=c$/);
    for (let at = 0; at < value.length; at += 1) {
      const flipped = value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ 1) + value.slice(at + 1);
      await assert.rejects(transactions.finish(`${name}=${flipped}`, state), failed, `byte ${at}`);
      await assert.rejects(transactions.finish(`${name}=${value.slice(0, at)}`, state), failed, `cut at ${at}`);
    }
    await transactions.finish(`${name}=planted; ${name}=${value}; ${name}=`, state);
  });

  it('when its secret was removed; with `new,old` it finishes', async () => {
    const { start, make, browser } = setUp();
    const { state } = await start();
    const fresh = 'a fresh secret of thirty-two bytes or more';
    await assert.rejects(make(fresh).finish(browser.header, state), failed);
    await make(fresh, SECRET).finish(browser.header, state);
  });
});

describe('several sign-ins in one browser', () => {
  it('are independent: two tabs return to where they started', async () => {
    const { start, finish } = setUp();
    const one = await start({ target: { ...target, path: '/one?x=1' } });
    const two = await start({ target: { ...target, path: '/two?y=%2F' } });
    assert.equal((await finish(two.state)).target.path, '/two?y=%2F');
    assert.equal((await finish(one.state)).target.path, '/one?x=1');
  });

  it('are at most five: the sixth evicts the oldest', async () => {
    const { start, finish, browser } = setUp();
    const started = [];
    for (let count = 0; count < 6; count += 1) started.push(await start());
    assert.equal(browser.cookies.size, 5);
    await assert.rejects(finish(started[0]?.state), failed);
    for (const { state } of started.slice(1)) await finish(state);
  });

  it('are counted by age, not by the order of the header', async () => {
    const { start, browser, transactions, pass } = setUp();
    const started = [];
    for (let count = 0; count < 5; count += 1) started.push(await start());
    pass(1);
    const { cookies } = await transactions.start([...browser.header.split('; ')].reverse().join('; '), {
      provider: 'oidc',
      target,
    });
    assert.equal(cookies.length, 2);
    assert.match(cookies[1] as string, new RegExp(`^${PREFIX}${started[0]?.state.split('.')[0]}=; Max-Age=0`));
  });

  it('take less than 4 kB after a hundred abandoned ones', async () => {
    const { start, browser } = setUp();
    for (let count = 0; count < 100; count += 1)
      await start({ target: { ...target, path: '/reports?week=12' }, nonceHash: 'x'.repeat(43) });
    assert.equal(browser.cookies.size, 5);
    assert.equal(browser.header.length < 4000, true, `${browser.header.length} bytes`);
  });

  it('take at most 4 kB with deep links, and the newest always fits', async () => {
    const { start, finish, browser } = setUp();
    for (let count = 0; count < 20; count += 1) {
      const { state } = await start({ target: { ...target, path: `/${'x'.repeat(3000)}` } });
      assert.equal(browser.header.length <= 4096, true);
      if (count === 19) await finish(state);
    }
  });

  it('are not evicted by planted cookies', async () => {
    const { start, finish, browser } = setUp();
    const { state } = await start();
    for (const id of ['zzzzzzzzz', '000000000', '', 'x']) {
      for (let count = 0; count < 3; count += 1) browser.take(`${PREFIX}${id}planted${count}=evil; Max-Age=600`);
    }
    await start();
    assert.equal(
      [...browser.cookies.keys()].some((name) => name.includes('zzzzzzzzz')),
      false,
    );
    await finish(state);
  });
});

describe('the return path', () => {
  const kept: Record<string, string> = {
    'with escapes': '/a%2Fb?x=1&y=%2F%25%7e',
    'with characters that cookies cannot hold': '/a;b,c"d e\\f\tg\u0000h=i~j!k!0021l',
    'outside ASCII': '/žluť/名前?x=\ud83d\ude00\ud800',
    'with every byte': `/${Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')}`,
    'of 3 kB': `/deep?${'q=%2F&'.repeat(500)}`,
  };
  for (const [name, path] of Object.entries(kept)) {
    it(`is returned byte for byte: ${name}`, async () => {
      const { start, finish, browser } = setUp();
      const { state } = await start({ target: { ...target, path }, nonceHash: 'x'.repeat(43) });
      assert.match(browser.header, /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/);
      assert.equal((await finish(state)).target.path, path);
    });
  }

  it('becomes `/` when no cookie can hold it, and the line stays within the limit of browsers', async () => {
    const { transactions } = setUp();
    for (const path of [`/${'x'.repeat(4000)}`, `/${'"'.repeat(1500)}`, `/${'x'.repeat(1_000_000)}`]) {
      const { transaction, cookies } = await transactions.start('', { provider: 'oidc', target: { ...target, path } });
      assert.deepEqual(transaction.target, { ...target, path: '/' });
      assert.equal((cookies[0] as string).length <= 4096, true);
    }
  });
});

it('starts with any header of the browser', async () => {
  const { transactions } = setUp();
  const odd = [undefined, '', ';;;', '=', PREFIX, `${PREFIX}=`, `${PREFIX}x`, 'a=b; __proto__=1', 'x'.repeat(16_000)];
  for (const header of odd)
    assert.equal((await transactions.start(header, { provider: 'oidc', target })).cookies.length, 1);
});

describe('a sign-in of an earlier release, which sealed no provider', () => {
  const STATE = '0mubbs7i8zaLsLTJu.vdfSI0hOvpPh_C7JkA1Bkgs1_oUeCJwmJWKLroyCxwE';
  const FORMER =
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoia0J6RWFxUG4ifQ..unHHUpJn1maHSrY7.h--ikMSJyzYaf23B_9N' +
    'dMPOfGUfXMGBQrm8gUcbYE6Kd7uRb5qIZhUxVRyjx3nmhu-bGAlncs0rVj9cxSd4i-NzsEnrBClJywWhHODv6Es1c-A4jmdLNr15' +
    's4etEWXUIv-6S9H7TzEA6cXP-j0n63Xfc0pxV6DUUgPgmGRjFd6TRDm9ad-x6CP_rbB8tq1z5dUabuml4-IOpQ_1mL-7X-6icVxq' +
    'rPJqN8h_pDW_bMluN1GLD1mDE5UaRaVTiQdF-_llMVtYYpJYQObKCWBC2MRA6J0IFHwioTaJc_6ftwoV3Rk16ubWckYWQkg4i.-X' +
    'je4dN-2VQDIlibkxKp8A';

  it('does not finish: its visitor starts again', async () => {
    const { transactions } = setUp();
    const cookie = `${PREFIX}${STATE.split('.')[0]}=${FORMER}~/`;
    const rejected = { code: 'ERR_LOGIN_FAILED', message: 'this browser has no sign-in with this state' };
    await assert.rejects(transactions.finish(cookie, STATE), rejected);
  });
});

describe('an expired sign-in', () => {
  it('does not finish, whatever the store returns', async () => {
    let nowMs = START_MS;
    const redemptions = { redeem: async () => true };
    const transactions = new Transactions({ secrets: [SECRET], secure: true, redemptions, now: () => nowMs });
    const { transaction, cookies } = await transactions.start('', { provider: 'oidc', target });
    const cookie = cookies[0]?.split(';', 1)[0];
    nowMs += 10 * MINUTE_MS - 1;
    await transactions.finish(cookie, transaction.state);
    nowMs += 1;
    await assert.rejects(transactions.finish(cookie, transaction.state), failed);
  });
});
