import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SignOutReferences } from '../../../../src/auth/session/sign-out-reference.js';

const START_MS = 1_790_000_000_000;
const SECRET = 'a secret of at least thirty-two bytes';
const signIn = { id: 'the sign-in', signedInAtMs: START_MS - 1000 };

describe('a reference to a sign-in', () => {
  it('is valid for ten minutes, also after a rotation', async () => {
    let nowMs = START_MS;
    const references = new SignOutReferences([SECRET], () => nowMs);
    const text = await references.issue(signIn);
    assert.match(text, /^[\w.-]+$/);
    nowMs += 10 * 60_000 - 1;
    const rotated = new SignOutReferences(['a fresh secret of thirty-two bytes or more', SECRET], () => nowMs);
    assert.deepEqual(await rotated.read(text), signIn);
    nowMs += 1;
    assert.equal(await references.read(text), undefined);
  });

  it('is not valid with another key', async () => {
    const references = new SignOutReferences([SECRET]);
    const text = await references.issue(signIn);
    const foreign = await new SignOutReferences(['a fresh secret of thirty-two bytes or more']).issue(signIn);
    for (const odd of ['', 'x', `${text}A`, text.slice(1), foreign])
      assert.equal(await references.read(odd), undefined);
  });
});
