/** A request that has reached no agent is judged and written once more: its head says for whom it is, and by which rule. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { Assertions } from '../../../../src/auth/identity/assertion.js';
import type { Sessions } from '../../../../src/auth/session/sessions.js';
import { Metrics } from '../../../../src/core/metrics.js';
import { Forwarder } from '../../../../src/edge/forward/forwarder.js';
import type { Admitted, Verdict } from '../../../../src/edge/gate/gate.js';
import { Revalidator } from '../../../../src/edge/gate/revalidation.js';
import { Observer } from '../../../../src/edge/ops/observer.js';
import { Traffic } from '../../../../src/edge/ops/traffic.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead } from '../../../../src/http/exchange.js';
import { NotProcessed } from '../../../../src/link/client-stream.js';
import { linkLost } from '../../../../src/link/link.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { sessionOf } from '../routes/routes.js';
import { admittedBy, BASE, serveVisits } from '../visits.js';

const ANA = sessionOf({ host: 'demo.localhost' });

const CLOSING = {
  draining: new AbortController().signal,
  open: () => {
    throw linkLost(new NotProcessed('the link is closing'));
  },
} as unknown as OutboundLink;

interface Taken {
  readonly head: RequestHead;
  body: string;
}

function linkThatTakes(taken: Taken[]): OutboundLink {
  const open = (head: RequestHead, _options: OpenOptions, observer: OutboundObserver) => {
    const request: Taken = { head, body: '' };
    taken.push(request);
    const respond = () => {
      observer.response({ status: 204, headers: [] }, true);
      observer.end();
    };
    const write = (chunk: Buffer) => {
      request.body += chunk;
      return true;
    };
    return {
      write,
      end: () => queueMicrotask(respond),
      cancel: () => {},
      resume: () => {},
    } as unknown as OutboundStream;
  };
  return { draining: new AbortController().signal, open } as unknown as OutboundLink;
}

async function forwarded(
  t: TestContext,
  first: Admitted,
  second: Admitted,
  body?: string,
): Promise<number | undefined> {
  const revalidator = new Revalidator();
  const observer = new Observer([]);
  t.after(() => {
    revalidator.close();
    observer.close();
  });
  const forwarder = new Forwarder({
    ...{ base: BASE, revalidator, observer, traffic: new Traffic(new Metrics()) },
    sessions: { renew: () => undefined } as unknown as Sessions,
    assertions: new Assertions({ secrets: ['a secret of thirty-two bytes or more'], issuer: BASE.origin }),
    gate: () => first,
    judgeAgain: async (): Promise<Verdict> => second,
    replyWithError: (visit) => visit.reply({ status: 502, headers: {}, body: '' }),
  });
  const port = await serveVisits(t, { accept: (visit) => forwarder.forward(visit, first) });
  const method = body === undefined ? 'GET' : 'POST';
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', method, headers: { host: 'demo.localhost' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end(body);
  });
}

describe('a request whose link is closing', () => {
  for (const [what, again, names] of [
    ['names nobody once the tunnel is open to all', { rule: 'public' }, []],
    ['names who is let in by then', { rule: '@acme.com', session: ANA }, ['ana@acme.com']],
  ] as const) {
    it(what, async (t) => {
      const taken: Taken[] = [];
      const first = await admittedBy({ rule: '@acme.com', session: ANA, link: CLOSING });
      const second = await admittedBy({ ...again, link: linkThatTakes(taken) });
      assert.equal(await forwarded(t, first, second), 204);
      assert.equal(taken.length, 1);
      const emails = taken[0]?.head.headers.filter((_, at, all) => all[at - 1] === 'x-forwarded-email');
      assert.deepEqual(emails, names);
    });
  }

  for (const length of [1, 1_000_000]) {
    it(`brings its body of ${length} bytes whole`, async (t) => {
      const taken: Taken[] = [];
      const first = await admittedBy({ rule: '@acme.com', session: ANA, link: CLOSING });
      const second = await admittedBy({ rule: '@acme.com', session: ANA, link: linkThatTakes(taken) });
      const body = 'x'.repeat(length);
      assert.equal(await forwarded(t, first, second, body), 204);
      assert.deepEqual(
        taken.map((request) => request.body.length),
        [length],
      );
    });
  }
});
