import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReceiveWindow } from '../../../../src/http2/flow/window.js';

describe('a window that a smaller INITIAL_WINDOW_SIZE reduces', () => {
  function reduced(): ReceiveWindow {
    const window = new ReceiveWindow(100, 100);
    assert.equal(window.consume(80), undefined);
    window.applySettingsDelta(-50); // to -30
    return window;
  }

  it('takes what was sent by the former credit, though the acknowledgement of the SETTINGS overtook it', () => {
    const window = reduced();
    assert.equal(window.consume(15), undefined);
    assert.equal(window.consume(5), undefined);
    assert.equal(window.consume(0), undefined);
    assert.equal(window.grantCredit(0, 1), 100); // to its new size
  });

  it('takes no more than that', () => {
    const window = reduced();
    assert.equal(window.consume(15), undefined);
    assert.equal(window.consume(6), 'exceeded');
    assert.equal(reduced().consume(21), 'exceeded');
  });

  it('counts it against the credit that comes later', () => {
    const window = reduced();
    assert.equal(window.consume(20), undefined); // to -50
    assert.equal(window.grantCredit(0, 1), 100);
    assert.equal(window.consume(50), undefined);
    assert.equal(window.consume(1), 'exceeded');
  });
});
