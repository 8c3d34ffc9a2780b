import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RequestRecord } from '../../../../src/agent/target/request-record.js';
import { JsonLines } from '../../../../src/cli/output/json-lines.js';

const EDGE = 'https://tunnel.acme.com';

function lineOf(record: RequestRecord): string {
  const lines: string[] = [];
  new JsonLines({ write: (text) => lines.push(text) }, EDGE).request(record);
  assert.equal(lines.length, 1);
  return lines[0] as string;
}

describe('the line of a request', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a"b', 'a\\b', '\n', '\u2028', '\ud800'),
  );
  const record: fc.Arbitrary<RequestRecord> = fc.record({
    time: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
    email: fc.option(text, { nil: undefined }),
    method: text,
    path: text,
    status: fc.integer({ min: 100, max: 599 }),
    durationMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
    aborted: fc.boolean(),
    requestId: fc.option(text, { nil: undefined }),
  });

  it('equals the output of JSON.stringify, for any text', () => {
    fc.assert(
      fc.property(record, (given) => {
        const { time, email, method, path, status, durationMs, aborted, requestId } = given;
        const fields = {
          time,
          email: email ?? null,
          method,
          path,
          status,
          durationMs: Math.round(durationMs),
          aborted,
          requestId: requestId ?? null,
        };
        assert.equal(lineOf(given), `${JSON.stringify({ event: 'request', ...fields })}\n`);
      }),
    );
  });

  it('has its own time, also after others', () => {
    const lines: string[] = [];
    const output = new JsonLines({ write: (line) => lines.push(line) }, EDGE);
    const common = {
      email: undefined,
      method: 'GET',
      path: '/',
      status: 200,
      durationMs: 1,
      aborted: false,
      requestId: 'r',
    };
    for (const ms of [1_000, 1_000, 1_001, 1_000]) output.request({ ...common, time: new Date(ms) });
    const times = lines.map((line) => (JSON.parse(line) as { time: string }).time);
    assert.deepEqual(
      times,
      [1_000, 1_000, 1_001, 1_000].map((ms) => new Date(ms).toISOString()),
    );
  });

  it('names its own visitor, also after others and after anonymous ones', () => {
    const lines: string[] = [];
    const output = new JsonLines({ write: (line) => lines.push(line) }, EDGE);
    const common = {
      time: new Date(0),
      method: 'GET',
      path: '/',
      status: 200,
      durationMs: 1,
      aborted: false,
      requestId: 'r',
    };
    const emails = [undefined, 'ana@acme.com', 'ana@acme.com', 'b"@acme.com', undefined, 'ana@acme.com'];
    for (const email of emails) output.request({ ...common, email });
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { email: string | null }).email),
      emails.map((email) => email ?? null),
    );
  });
});
