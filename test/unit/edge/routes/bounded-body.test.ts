/** Bodies for the edge's own paths: read by a parser, but neither without end nor for ever. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { bounded, MAX_OWN_BODY_BYTES, MAX_OWN_BODY_MS } from '../../../../src/edge/routes/bounded-body.js';

type Handler = ReturnType<typeof bounded>;

/** A request whose body a parser reads; what it goes on with, once it does. */
function parsing(t: TestContext, parser: Handler) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const body = new PassThrough();
  const decided: unknown[] = [];
  const [request, response] = [body, {}] as unknown as Parameters<Handler>;
  bounded(parser)(request, response, (error?: unknown) => void decided.push(error));
  const codes = () => decided.map((error) => (error as { code?: string } | undefined)?.code);
  return { body, codes };
}

/** As those of Express on a body that is too large, or has no end. */
const readsOn: Handler = (request) => void request.resume();
const readsAll: Handler = (request, _response, next) => void request.resume().once('end', () => next());

describe('a body for a path of the edge', () => {
  it('is the parser’s, within the bounds, and no clock runs on', async (t) => {
    const { body, codes } = parsing(t, readsAll);
    body.end(Buffer.alloc(MAX_OWN_BODY_BYTES));
    await new Promise((resolve) => body.once('close', resolve));
    assert.deepEqual(codes(), [undefined]);
    t.mock.timers.tick(MAX_OWN_BODY_MS);
    assert.deepEqual(codes(), [undefined]);
  });

  it('is not read without end', async (t) => {
    const { body, codes } = parsing(t, readsOn);
    body.write(Buffer.alloc(MAX_OWN_BODY_BYTES));
    await new Promise<void>((resolve) => body.write('x', () => resolve()));
    await new Promise(setImmediate);
    assert.deepEqual(codes(), ['ERR_BAD_REQUEST']);
    t.mock.timers.tick(MAX_OWN_BODY_MS);
    assert.deepEqual(codes(), ['ERR_BAD_REQUEST']);
  });

  it('is not waited for without end', (t) => {
    const { body, codes } = parsing(t, readsOn);
    body.write('x');
    t.mock.timers.tick(MAX_OWN_BODY_MS - 1);
    assert.deepEqual(codes(), []);
    t.mock.timers.tick(1);
    assert.deepEqual(codes(), ['ERR_REQUEST_TIMEOUT']);
  });
});
