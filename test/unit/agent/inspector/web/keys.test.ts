/** Keys while a dialog is open. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { onKey } from '../../../../../src/agent/inspector/web/state/keys.js';
import * as store from '../../../../../src/agent/inspector/web/state/store.js';

describe('a key while a dialog is open', () => {
  const press = (key: string) => {
    let isLeft = true;
    const preventDefault = () => {
      isLeft = false;
    };
    onKey({ key, preventDefault } as KeyboardEvent);
    return isLeft;
  };
  afterEach(() => {
    store.dialog.value = null;
    store.connection.value = 'connecting';
  });

  it('closes it at once when it is Escape, so that the next one does something', () => {
    store.connection.value = 'live';
    store.dialog.value = 'help';
    assert.equal(press('Escape'), false, 'the browser would close it once more');
    assert.equal(store.dialog.value, null);
  });

  it('is the dialog’s otherwise', () => {
    store.connection.value = 'live';
    store.dialog.value = 'help';
    assert.equal(press('w'), true);
    assert.equal(store.dialog.value, 'help');
  });
});
