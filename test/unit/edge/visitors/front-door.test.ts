/** The front door alone: whom it asks, in which order, and who never hears of a request that the gate has not let in. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { AgentOffer } from '../../../../src/edge/agents/admission.js';
import type { Gate, Verdict } from '../../../../src/edge/gate/gate.js';
import type { EdgeEvent } from '../../../../src/edge/ops/events.js';
import type { Visit } from '../../../../src/edge/request/visit.js';
import { FrontDoor, type FrontDoorOptions } from '../../../../src/edge/visitors/front-door.js';
import { PosternError } from '../../../../src/errors.js';
import { LINK_PATH } from '../../../../src/link/handshake.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { deferred } from '../../../support/deferred.js';
import { Transcript } from '../../../support/transcript.js';
import { admittedBy, BASE, serveVisits } from '../visits.js';

const REFUSE: Verdict = { kind: 'refuse', code: 'ERR_LOGIN_REQUIRED', session: undefined, reason: 'no-identity' };
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

interface Setting {
  readonly gate?: Gate;
  readonly isRecording?: boolean;
  /** Called once a visit has ended. */
  readonly ended?: () => void;
  readonly forward?: (visit: Visit) => void;
}

const ADMITTED = await admittedBy({ link: { draining: new AbortController().signal } as OutboundLink });
const text = (body: string) => ({ status: 200, headers: {}, body });

/** A door whose parts write down what they are asked; `send` writes bytes to it and gives all that comes back. */
async function openDoor(t: TestContext, setting: Setting = {}) {
  const asked: string[] = [];
  const note = (what: string) => void asked.push(what);
  const { gate = () => ADMITTED, isRecording = true } = setting;
  const forward = setting.forward ?? ((visit) => visit.reply(text('from the app')));
  const door = new FrontDoor({
    base: BASE,
    gate: (request: Parameters<Gate>[0]) => {
      note('gate');
      return gate(request);
    },
    forwarder: {
      forward: (visit: Visit) => {
        note('forward');
        forward(visit);
      },
      forwardWebSocket: (visit: Visit) => {
        note('forward');
        visit.cancel();
      },
    },
    observer: {
      emit: (event: EdgeEvent) => {
        if (event.kind === 'decided') note(`decided ${event.verdict.kind}`);
        if (event.kind === 'visit-failed') note(event.error.code);
        if (event.kind === 'visit-ended') setting.ended?.();
      },
    },
    admission: {
      handle: (offer: AgentOffer) => {
        note('admission');
        offer.refuse(new PosternError('ERR_EDGE_DRAINING'));
      },
    },
    isRecording: () => isRecording,
    refusal: async (_visit: Visit, { kind }: Verdict) => {
      note(`refusal ${kind}`);
      return text('of ours');
    },
    routes: (visit: Visit) => {
      note('routes');
      visit.reply(text('of ours'));
    },
  } as unknown as FrontDoorOptions);
  const port = await serveVisits(t, {
    accept: (visit) => door.accept(visit),
    acceptWebSocket: (visit) => door.acceptWebSocket(visit),
    acceptOffer: (offer) => door.acceptOffer(offer),
    replyWithError: door.replyWithError,
    ended: (visit, end) => door.ended(visit, end),
  });
  const open = () => {
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    return socket;
  };
  const send = async (line: string, host = 'demo.localhost', ...fields: string[]) => {
    const socket = open();
    const heard = new Transcript(socket);
    socket.write([`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...fields, '', ''].join('\r\n'));
    await heard.ended;
    return heard.text;
  };
  return { asked, open, send };
}

const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${KEY}`];

describe('the front door and a request', () => {
  it('lets it through after the gate, past everybody else', async (t) => {
    const { asked, send } = await openDoor(t);
    assert.match(await send('GET /'), /from the app/);
    assert.deepEqual(asked, ['gate', 'decided forward', 'forward']);
  });

  it('hands it to Express with what the gate said of it', async (t) => {
    for (const verdict of [REFUSE, { kind: 'preflight' }] as const) {
      const { asked, send } = await openDoor(t, { gate: () => verdict });
      assert.match(await send('GET /'), /of ours/);
      assert.deepEqual(asked, ['gate', `decided ${verdict.kind}`, `refusal ${verdict.kind}`]);
    }
  });

  it('hands over what is for no tunnel’s app, and asks no gate', async (t) => {
    for (const [path, host] of [
      ['/', 'localhost'],
      ['/.postern/userinfo', 'demo.localhost'],
      ['/.postern', 'demo.localhost'],
      [LINK_PATH, 'localhost'],
    ] as const) {
      const { asked, send } = await openDoor(t);
      assert.match(await send(`GET ${path}`, host), /of ours/);
      assert.deepEqual(asked, ['routes'], path);
    }
  });

  for (const [what, gate] of [
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['gives something that is no verdict', () => ({ kind: 'forwards' }) as unknown as Verdict],
    ['gives a verdict that another has made', () => ({ ...ADMITTED }) as unknown as Verdict],
  ] as const satisfies readonly (readonly [string, Gate])[]) {
    it(`lets nobody in while the gate ${what}`, async (t) => {
      const { asked, send } = await openDoor(t, { gate });
      assert.doesNotMatch(await send('GET /'), /from the app/);
      assert.doesNotMatch(await send('GET /', 'demo.localhost', ...UPGRADE), /^HTTP\/1\.1 101/);
      assert.equal(asked.includes('forward'), false);
    });
  }

  for (const [what, line, host, code] of [
    ['to trace', 'TRACE /', 'demo.localhost', 'ERR_METHOD_REFUSED'],
    ['for no host of this edge', 'GET /', 'elsewhere.test', 'ERR_TUNNEL_UNKNOWN'],
    ['in absolute form', 'GET http://demo.localhost/', 'demo.localhost', 'ERR_BAD_REQUEST'],
  ] as const) {
    it(`asks nobody about one that cannot be: ${what}`, async (t) => {
      const { asked, send } = await openDoor(t);
      assert.match(await send(line, host), new RegExp(`^Postern-Error: ${code}\r$`, 'm'));
      assert.deepEqual(asked, [code]);
    });
  }

  it('asks nobody while the audit takes no records, of agents either', async (t) => {
    const { asked, send } = await openDoor(t, { isRecording: false });
    for (const [path, host, ...fields] of [
      ['/', 'demo.localhost'],
      ['/', 'localhost'],
      ['/', 'demo.localhost', ...UPGRADE],
      [LINK_PATH, 'localhost', ...UPGRADE],
    ] as const) {
      const answer = await send(`GET ${path}`, host, ...fields);
      assert.match(answer, /^HTTP\/1\.1 503 /);
      assert.match(answer, /ERR_AUDIT_UNAVAILABLE/);
    }
    assert.deepEqual(new Set(asked), new Set(['ERR_AUDIT_UNAVAILABLE']));
  });

  it('forwards nothing for a visitor who left before the gate spoke', async (t) => {
    const said = deferred<Verdict>();
    const begun = deferred<void>();
    const gate: Gate = () => {
      begun.resolve();
      return said.promise;
    };
    const left = deferred<void>();
    const { asked, open } = await openDoor(t, { gate, ended: left.resolve });
    const socket = open();
    socket.write('GET / HTTP/1.1\r\nHost: demo.localhost\r\n\r\n');
    await begun.promise;
    socket.resetAndDestroy();
    await left.promise;
    said.resolve(ADMITTED);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(asked, ['gate', 'decided forward']);
  });

  it('judges one that was sent behind another only when its turn has come', async (t) => {
    let finish = () => {};
    const begun = deferred<void>();
    const forward = (visit: Visit) => {
      finish = () => visit.reply(text(`of ${visit.path}`));
      if (visit.path === '/first') begun.resolve();
      else finish();
    };
    const { asked, open } = await openDoor(t, { forward });
    const socket = open();
    const heard = new Transcript(socket);
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: demo.localhost\r\n\r\n`;
    socket.write(request('/first') + request('/second'));
    await begun.promise;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(asked.filter((what) => what === 'gate').length, 1);
    finish();
    await heard.says('of /second');
    assert.equal(asked.filter((what) => what === 'gate').length, 2);
  });
});

describe('the front door and a body that is to be asked for', () => {
  const EXPECT = ['Content-Length: 2', 'Expect: 100-continue'];

  for (const [what, gate, asks] of [
    ['behind the gate', () => ADMITTED, true],
    ['of one who is refused', () => REFUSE, false],
  ] as const) {
    it(`${asks ? 'asks for that' : 'does not ask for that'} ${what}`, async (t) => {
      const { send } = await openDoor(t, { gate });
      const answer = await send('POST /', 'demo.localhost', ...EXPECT);
      assert.equal(answer.startsWith('HTTP/1.1 100 Continue'), asks);
    });
  }

  it('refuses to meet another expectation, or one beside it', async (t) => {
    for (const value of ['a miracle', '100-continue, a miracle']) {
      const { asked, send } = await openDoor(t);
      assert.match(await send('POST /', 'demo.localhost', 'Content-Length: 2', `Expect: ${value}`), /^HTTP\/1\.1 417 /);
      assert.deepEqual(asked, ['ERR_EXPECTATION_FAILED']);
    }
  });
});

describe('the front door and an upgrade', () => {
  it('takes it through the gate', async (t) => {
    const { asked, send } = await openDoor(t);
    await send('GET /', 'demo.localhost', ...UPGRADE);
    assert.deepEqual(asked, ['gate', 'decided forward', 'forward']);
  });

  it('says of one that is no WebSocket what the gate says, and only to insiders that it is none', async (t) => {
    const odd = UPGRADE.map((field) => field.replace('Version: 13', 'Version: 8'));
    const stranger = await openDoor(t, { gate: () => REFUSE });
    assert.match(await stranger.send('GET /', 'demo.localhost', ...odd), /of ours/);
    assert.deepEqual(stranger.asked, ['gate', 'decided refuse', 'refusal refuse']);
    const insider = await openDoor(t);
    assert.match(await insider.send('GET /', 'demo.localhost', ...odd), /^HTTP\/1\.1 426 /);
    assert.deepEqual(insider.asked, ['gate', 'decided forward', 'ERR_PROTOCOL_VERSION']);
  });

  it('takes the offers of agents on the base host, and on no other', async (t) => {
    const base = await openDoor(t);
    assert.match(await base.send(`GET ${LINK_PATH}`, 'localhost', ...UPGRADE), /ERR_EDGE_DRAINING/);
    assert.deepEqual(base.asked, ['admission']);
    for (const [path, host] of [
      [LINK_PATH, 'demo.localhost'],
      ['/', 'localhost'],
      [`${LINK_PATH}/`, 'localhost'],
    ] as const) {
      const { asked, send } = await openDoor(t);
      assert.match(await send(`GET ${path}`, host, ...UPGRADE), /^HTTP\/1\.1 404 /);
      assert.deepEqual(asked, ['ERR_NOT_FOUND'], path);
    }
  });

  for (const [what, head] of [
    ['an upgrade', `GET / HTTP/1.1\r\nHost: demo.localhost\r\n${UPGRADE.join('\r\n')}\r\n\r\n`],
    ['an offer', `GET ${LINK_PATH} HTTP/1.1\r\nHost: localhost\r\n${UPGRADE.join('\r\n')}\r\n\r\n`],
    ['CONNECT', 'CONNECT demo.localhost:80 HTTP/1.1\r\nHost: demo.localhost\r\n\r\n'],
  ] as const) {
    it(`cuts a connection on which ${what} comes before the response to another request`, async (t) => {
      const { asked, open } = await openDoor(t, { forward: () => {} });
      const socket = open();
      const heard = new Transcript(socket);
      socket.write(`GET / HTTP/1.1\r\nHost: demo.localhost\r\n\r\n${head}`);
      await heard.ended;
      assert.equal(heard.text, '');
      assert.deepEqual(asked, ['gate', 'decided forward', 'forward']);
    });
  }

  it('is no forward proxy', async (t) => {
    const { asked, send } = await openDoor(t);
    assert.match(await send('CONNECT demo.localhost:80'), /^HTTP\/1\.1 405 /);
    assert.deepEqual(asked, ['ERR_METHOD_REFUSED']);
  });
});
