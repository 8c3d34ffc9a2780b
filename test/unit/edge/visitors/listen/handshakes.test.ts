import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { before, describe, it, type TestContext } from 'node:test';
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls';
import type { EdgeEvent } from '../../../../../src/edge/ops/events.js';
import { Observer } from '../../../../../src/edge/ops/observer.js';
import { HANDSHAKES } from '../../../../../src/edge/request/limits.js';
import { checkCertificate } from '../../../../../src/edge/tls/certificate-check.js';
import { Certificates, CIPHERS } from '../../../../../src/edge/tls/certificates.js';
import { Handshakes } from '../../../../../src/edge/visitors/listen/handshakes.js';
import { deferred } from '../../../../support/deferred.js';
import { type Issued, TestAuthority } from '../../../../support/edge-certificates.js';

const HOST = 'tunnel.test';

let authority: TestAuthority;
let issued: Issued;

before(async () => {
  authority = await TestAuthority.create();
  issued = await authority.issue([HOST, `*.${HOST}`]);
});

interface Options {
  readonly protocols?: readonly string[];
  readonly limits?: typeof HANDSHAKES;
  readonly isProxy?: boolean;
  readonly withoutCertificate?: true;
  readonly proofFor?: ConstructorParameters<typeof Handshakes>[0]['proofFor'];
}

async function start(t: TestContext, options: Options = {}) {
  const events: EdgeEvent[] = [];
  const waiting: { test: (event: EdgeEvent) => boolean; found: (event: EdgeEvent) => void }[] = [];
  const observer = new Observer([
    {
      on: (event) => {
        events.push(event);
        for (const one of waiting) if (one.test(event)) one.found(event);
      },
    },
  ]);
  const certificates = new Certificates({ secrets: ['a secret of thirty-two bytes or more'] });
  if (!options.withoutCertificate) certificates.use('files', checkCertificate(issued, HOST, Date.now()));
  const accepted: TLSSocket[] = [];
  const handshakes = new Handshakes({
    contextFor: (name) => certificates.contextFor(name),
    protocols: options.protocols ?? ['http/1.1'],
    observer,
    isProxy: () => options.isProxy === true,
    accept: (socket) => {
      accepted.push(socket);
      socket.on('error', () => {}).end(`hello ${socket.alpnProtocol}`);
    },
    limits: options.limits ?? HANDSHAKES,
    ...(options.proofFor && { proofFor: options.proofFor }),
  });
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    handshakes.accept(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
    observer.close();
    certificates.close();
  });
  const { port } = server.address() as AddressInfo;
  const event = (kind: EdgeEvent['kind']): Promise<EdgeEvent> => {
    const past = events.find((one) => one.kind === kind);
    if (past !== undefined) return Promise.resolve(past);
    const { promise, resolve } = deferred<EdgeEvent>();
    waiting.push({ test: (one) => one.kind === kind, found: resolve });
    return promise;
  };
  const dial = () => {
    const socket = connectPlain(port, '127.0.0.1');
    open.add(socket);
    return socket.on('error', () => {});
  };
  const secure = (more: ConnectionOptions = {}) =>
    connect({ port, host: '127.0.0.1', ca: authority.root, servername: HOST, ALPNProtocols: ['http/1.1'], ...more });
  const received = async () => once((await once(server, 'connection'))[0] as Socket, 'data');
  return { accepted, events, event, dial, secure, received };
}

/** A connection whose first write arrives in two parts: the second is sent once `received` says that the first has arrived. */
function inTwoParts(socket: Socket, at: number, received: Promise<unknown>): Duplex {
  let isFirst = true;
  const duplex = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      if (!isFirst) return void socket.write(bytes, done);
      isFirst = false;
      socket.write(bytes.subarray(0, at));
      received.then(() => socket.write(bytes.subarray(at), done), done);
    },
    final: (done) => void socket.end(done),
  });
  socket.on('data', (bytes: Buffer) => duplex.push(bytes)).once('end', () => duplex.push(null));
  return duplex;
}

async function read(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    text ||= error.code ?? error.message;
  });
  await new Promise((resolve) => socket.once('close', resolve)); // behind an error as well
  return text;
}

describe('a TLS handshake', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is made with ${version}, and agrees on the protocol`, async (t) => {
      const { secure } = await start(t, { protocols: ['h2', 'http/1.1'] });
      const versions = { minVersion: version, maxVersion: version };
      assert.equal(await read(secure(versions)), 'hello http/1.1');
      assert.equal(await read(secure({ ...versions, ALPNProtocols: ['h2', 'http/1.1'] })), 'hello h2');
    });
  }

  it('is not made with TLS 1.1, with a weak cipher, or for a protocol that is not served', async (t) => {
    const { secure, event } = await start(t);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    assert.match(await read(secure(old)), /ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION/);
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' } as const;
    assert.match(await read(secure(weak)), /HANDSHAKE_FAILURE/);
    assert.match(await read(secure({ ALPNProtocols: ['h3'] })), /NO_APPLICATION_PROTOCOL/);
    const failed = await event('handshake-failed');
    assert.ok(failed.kind === 'handshake-failed' && failed.reason.startsWith('ERR_SSL_'), JSON.stringify(failed));
  });

  it('offers only ciphers with forward secrecy and authenticated encryption', () => {
    for (const cipher of CIPHERS.split(':')) assert.match(cipher, /^TLS_|^ECDHE-(?:ECDSA|RSA)-.*(?:GCM|CHACHA20)/);
    createSecureContext({ ciphers: CIPHERS });
  });

  it('shows the certificate to a client that names no host, or another one', async (t) => {
    const { secure } = await start(t);
    for (const servername of ['', 'other.test']) {
      const socket = secure({ servername, checkServerIdentity: () => undefined });
      await once(socket, 'secureConnect');
      assert.match(socket.getPeerCertificate().subjectaltname ?? '', /DNS:tunnel\.test/);
      socket.destroy();
    }
  });

  it('ends with an alert while there is no certificate', async (t) => {
    const { secure } = await start(t, { withoutCertificate: true });
    assert.match(await read(secure()), /HANDSHAKE_FAILURE/);
  });

  it('has a time limit, whether its client sends nothing, a part, or goes on byte by byte', async (t) => {
    const { dial, accepted } = await start(t, { limits: { ...HANDSHAKES, timeoutMs: 300 } });
    const part = dial();
    part.write(Buffer.from([0x16, 3, 1, 0, 200, 1]));
    const dripping = dial();
    dripping.write(Buffer.from([0x16, 3, 1, 2, 0]));
    const drip = setInterval(() => dripping.write('\0'), 50);
    t.after(() => clearInterval(drip));
    const [nothing, some, ...drips] = await Promise.all([dial(), part, dripping].map(read));
    assert.deepEqual([nothing, some], ['', '']);
    assert.match(drips.join(), /^(?:ECONNRESET|EPIPE)?$/); // by which of its bytes it finds out
    assert.equal(accepted.length, 0);
  });

  it('ends with a client that sends its part of one and closes', async (t) => {
    const { dial, secure } = await start(t, { limits: { ...HANDSHAKES, maxOfOne: 1, timeoutMs: 3_600_000 } });
    const leaving = dial();
    leaving.end(Buffer.from([0x16, 3, 1, 0, 200, 1]));
    assert.equal(await read(leaving), '');
    assert.equal(await read(secure()), 'hello http/1.1');
  });

  it('is one of so many of a network, unless that is a trusted proxy', async (t) => {
    const limits = { ...HANDSHAKES, maxOfOne: 2 };
    const { dial, secure, event } = await start(t, { limits });
    const [one, two] = [dial(), dial()];
    await Promise.all([once(one, 'connect'), once(two, 'connect')]);
    assert.notEqual(await read(secure()), 'hello http/1.1');
    const cut = await event('over-budget');
    assert.deepEqual(cut, { kind: 'over-budget', budget: 'handshakes', address: '127.0.0.1' });
    one.destroy();
    await once(one, 'close');
    for (let text = ''; text !== 'hello http/1.1'; ) text = await read(secure()); // once the server has seen the end
    const proxied = await start(t, { limits, isProxy: true });
    const held = [proxied.dial(), proxied.dial(), proxied.dial()];
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    assert.equal(await read(proxied.secure()), 'hello http/1.1');
  });

  it('is what plain HTTP is told to begin with, and anything else is cut', async (t) => {
    const { dial, event } = await start(t);
    for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
      const client = dial();
      client.write(bytes);
      const text = await read(client);
      assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(text, /Postern-Error: ERR_BAD_REQUEST\r\n[\s\S]*This port speaks HTTPS/);
    }
    const told = await event('malformed');
    assert.ok(told.kind === 'malformed' && told.status === 400);
    const noise = dial();
    noise.write('\0\0\0');
    assert.equal(await read(noise), '');
  });

  it('proves the control of a name to an authority, and carries nothing else then', async (t) => {
    const proof = await authority.issue(['proof.test']);
    const context = createSecureContext({ cert: proof.chain, key: proof.key });
    const asked: string[] = [];
    const { secure, accepted } = await start(t, {
      proofFor: async (name) => {
        asked.push(name);
        return context;
      },
    });
    const socket = secure({
      servername: 'demo.tunnel.test',
      ALPNProtocols: ['acme-tls/1'],
      checkServerIdentity: () => undefined,
    });
    await once(socket, 'secureConnect');
    assert.equal(socket.alpnProtocol, 'acme-tls/1');
    assert.match(socket.getPeerCertificate().subjectaltname ?? '', /proof\.test/);
    assert.equal(await read(socket), '');
    assert.deepEqual([asked, accepted.length], [['demo.tunnel.test'], 0]);
    assert.equal(await read(secure()), 'hello http/1.1');
  });

  for (const at of [1, 4, 5, 60]) {
    it(`knows who asks for a proof when only ${at} bytes of the ClientHello arrive at first`, async (t) => {
      const proof = await authority.issue(['proof.test']);
      const context = createSecureContext({ cert: proof.chain, key: proof.key });
      const { dial, secure, received } = await start(t, { proofFor: async () => context });
      const proving = {
        servername: 'demo.tunnel.test',
        ALPNProtocols: ['acme-tls/1'],
        checkServerIdentity: () => undefined,
      };
      for (const more of [proving, {}]) {
        const firstPart = received();
        const socket = secure({ ...more, socket: inTwoParts(dial(), at, firstPart) as Socket });
        let text = '';
        socket.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        await once(socket, 'end');
        assert.equal(socket.alpnProtocol, more === proving ? 'acme-tls/1' : 'http/1.1');
        assert.equal(text, more === proving ? '' : 'hello http/1.1');
        socket.destroy();
      }
    });
  }
});
