/** Forms that the edge reads itself: how large one may be, and that many large ones crowd out no small one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_FORM_BYTES,
  MAX_FORM_BYTES_OF_ALL,
  MAX_SMALL_FORM_BYTES,
  readForm,
} from '../../../../src/edge/replies/repost.js';

type Listener = Parameters<Parameters<typeof readForm>[0]['observe']>[0];

/** A form of which so many bytes have arrived. */
function posted(bytes: number, maxBytes?: number) {
  let listener: Listener | undefined;
  const visit = {
    observe: (given: Listener) => {
      listener = given;
    },
  };
  const fields = readForm(visit, maxBytes);
  listener?.data(Buffer.from(`a=${'x'.repeat(bytes - 2)}`));
  return {
    end: () => {
      listener?.end();
      return fields;
    },
    cancel: () => listener?.cancelled(),
  };
}

test('a form is read up to its bound', async () => {
  for (const [bytes, maxBytes, isRead] of [
    [MAX_FORM_BYTES, undefined, true],
    [MAX_FORM_BYTES + 1, undefined, false],
    [MAX_SMALL_FORM_BYTES, MAX_SMALL_FORM_BYTES, true],
    [MAX_SMALL_FORM_BYTES + 1, MAX_SMALL_FORM_BYTES, false],
  ] as const)
    assert.equal((await posted(bytes, maxBytes).end()) !== undefined, isRead, `${bytes} of ${maxBytes}`);
});

test('a small form is read however many others there are, and a large one is not', async () => {
  const others = Array.from({ length: MAX_FORM_BYTES_OF_ALL / MAX_FORM_BYTES }, () => posted(MAX_FORM_BYTES));
  try {
    assert.notEqual(await posted(MAX_SMALL_FORM_BYTES, MAX_SMALL_FORM_BYTES).end(), undefined);
    assert.equal(await posted(MAX_SMALL_FORM_BYTES + 1).end(), undefined);
  } finally {
    for (const { cancel } of others) cancel();
  }
  assert.notEqual(await posted(MAX_FORM_BYTES).end(), undefined);
});
