import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_REGISTERED_ID_CHARS, REGISTRATION_MS, Registrations } from '../../../../src/edge/clients/registration.js';

const SECRET = 'a secret of thirty-two bytes or more';
const FIELDS = { client_name: 'App', redirect_uris: ['http://127.0.0.1/cb', 'https://app.example/cb'] };

describe('a client that has registered itself', () => {
  it('is known by its id alone, with what it said, until its time is over', () => {
    const clock = { nowMs: 1_700_000_000_000 };
    const registrations = new Registrations([SECRET], () => clock.nowMs);
    const { id, atSeconds, ...said } = registrations.register(FIELDS);
    assert.deepEqual(said, { name: 'App', host: undefined, redirectUris: FIELDS.redirect_uris });
    assert.equal(atSeconds, 1_700_000_000);
    assert.deepEqual(registrations.find(id), { id, ...said });
    assert.ok(new Registrations(['a newer secret of thirty-two bytes or more', SECRET], () => clock.nowMs).find(id));
    clock.nowMs += REGISTRATION_MS;
    assert.equal(registrations.find(id), undefined);
  });

  it('is of this edge: no other id counts, and none that was changed', () => {
    const registrations = new Registrations([SECRET]);
    const { id } = registrations.register(FIELDS);
    assert.equal(new Registrations(['another secret of thirty-two bytes']).find(id), undefined);
    const [text = '', mac = ''] = id.slice('postern_client_'.length).split('.');
    const forged = Buffer.from(JSON.stringify({ n: 'App', r: ['https://evil.example/'], t: 9e9 })).toString(
      'base64url',
    );
    for (const other of [
      ...['', 'postern_client_', 'postern_client_.', id.slice(0, -1), `${id}A`, ` ${id}`],
      ...[`postern_client_${forged}.${mac}`, `postern_client_${text}.${'A'.repeat(43)}`, `x${id}`],
    ])
      assert.equal(registrations.find(other), undefined, other);
  });

  it('fits into a request', () => {
    const registrations = new Registrations([SECRET]);
    const long = (chars: number) => ({ redirect_uris: [`https://app.example/${'x'.repeat(chars)}`] });
    assert.ok(registrations.register(long(230)).id.length <= MAX_REGISTERED_ID_CHARS);
    const many = Array.from({ length: 3 }, (_, at) => `https://app.example/${at}${'x'.repeat(200)}`);
    assert.throws(() => registrations.register({ redirect_uris: many }), { error: 'invalid_client_metadata' });
  });
});
