/** What the HTTP/2 connections of a network share, and what those of another do not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OF_ALL, OF_NETWORK } from '../../../../../src/edge/visitors/http2/limits.js';
import { AllBudgets } from '../../../../../src/edge/visitors/http2/network-budgets.js';
import { Http2ErrorCode } from '../../../../../src/http2/errors.js';

const { burst } = OF_NETWORK.frames.resets;

describe('the budgets of a network', () => {
  test('are not renewed by a new connection, nor by another address of the same network', () => {
    const all = new AllBudgets(() => false);
    all.of('2001:db8::1').frames.resets.spend(burst);
    assert.throws(() => all.of('2001:db8::2').frames.resets.spend(burst / 2), {
      code: Http2ErrorCode.ENHANCE_YOUR_CALM,
    });
    all.of('2001:db8:1::1').frames.resets.spend(burst);
  });

  test('do not bind a reverse proxy, whose visitors share those of all', () => {
    const all = new AllBudgets((address) => address === '127.0.0.1');
    all.of('127.0.0.1').frames.resets.spend(2 * burst);
    const { burst: most } = OF_ALL.frames.resets;
    assert.throws(() => all.of('127.0.0.1').frames.resets.spend(most), { code: Http2ErrorCode.ENHANCE_YOUR_CALM });
  });

  test('hold the heads of all its requests together', () => {
    const all = new AllBudgets(() => false);
    all.of('192.0.2.1').headHeld(OF_NETWORK.held.heads);
    all.of('192.0.2.1').headHeld(1);
    assert.equal(all.of('192.0.2.1').areHeadsExceeded, true);
    assert.equal(all.of('192.0.2.2').areHeadsExceeded, false);
    all.of('192.0.2.1').headReleased(OF_NETWORK.held.heads + 1);
    assert.equal(all.of('192.0.2.1').areHeadsExceeded, false);
  });
});
