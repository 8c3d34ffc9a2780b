/** Certificates by ACME (RFC 8555), from a real authority: each kind of proof, several nodes, and ends in between. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { toAcme } from '../../../src/config/acme.js';
import { deriveKeys } from '../../../src/core/keys.js';
import { silentLog } from '../../../src/core/log.js';
import type { ChallengeSolver } from '../../../src/edge/acme/challenges.js';
import { dnsSolver, programRecords } from '../../../src/edge/acme/dns/solver.js';
import { readTsigKey } from '../../../src/edge/acme/dns/tsig.js';
import { DynamicZone } from '../../../src/edge/acme/dns/update.js';
import { AcmeManager } from '../../../src/edge/acme/manager.js';
import { PublishedProofs } from '../../../src/edge/acme/published-proofs.js';
import type { StoredCertificate } from '../../../src/edge/acme/records.js';
import { MemoryStore } from '../../../src/store/memory.js';
import type { Store } from '../../../src/store/store.js';
import { bindMissing, startBind, TSIG_KEY, ZONE } from '../../support/bind.js';
import { deferred } from '../../support/deferred.js';
import { type Pebble, pebbleMissing, startPebble } from '../../support/pebble.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const KEYS = deriveKeys(['a secret of at least thirty-two bytes, for tests'], 'acme');
const NAME = 'tunnel.test';

interface Ordering {
  readonly pebble: Pebble;
  readonly store?: Store;
  readonly solvers: readonly ChallengeSolver[];
  readonly fetch?: Pebble['fetch'];
}

/** A manager, and the certificate that it publishes first; a failed attempt rejects. */
function manage({ pebble, store = new MemoryStore(), solvers, fetch = pebble.fetch }: Ordering) {
  const published = deferred<StoredCertificate>();
  const manager = new AcmeManager({
    ...{ store, keys: KEYS, authority: { directory: pebble.directory, email: 'ops@acme.com' }, solvers, fetch },
    log: { ...silentLog, error: (fields) => published.reject(new Error(JSON.stringify(fields))) },
    onCertificate: (_, certificate) => published.resolve(certificate),
  });
  return { manager, published: published.promise };
}

async function obtain(ordering: Ordering, names: readonly string[]): Promise<string> {
  const { manager, published } = manage(ordering);
  await manager.want({ id: 'a', names });
  const { chain } = await published;
  await manager.close();
  return new X509Certificate(chain).subjectAltName ?? '';
}

async function listening(server: Server | ReturnType<typeof createTlsServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('an authority that looks at this edge', { skip: pebbleMissing() }, () => {
  const store = new MemoryStore();
  const proofs = new PublishedProofs(store);
  const web = createServer((request, response) => {
    const text = proofs.textAt(request.url ?? '');
    response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  const tls = createTlsServer({
    ALPNProtocols: ['acme-tls/1'],
    SNICallback: (name, found) => void proofs.contextFor(name).then((context) => found(null, context)),
  });
  tls.on('secureConnection', (socket) => socket.end()).on('tlsClientError', () => {});
  let pebble: Pebble;

  before(async () => {
    pebble = await startPebble({ httpPort: await listening(web), tlsPort: await listening(tls) });
  });
  after(async () => {
    await pebble?.close();
    web.close();
    tls.close();
  });

  test('issues a certificate for a name that is proven by HTTP-01', async () => {
    assert.equal(await obtain({ pebble, solvers: [proofs.solvers.http] }, [NAME]), `DNS:${NAME}`);
  });

  test('issues a certificate for a name that is proven by TLS-ALPN-01', async () => {
    const names = ['one.tunnel.test', 'two.tunnel.test'];
    const issued = await obtain({ pebble, solvers: [proofs.solvers.tlsAlpn] }, names);
    assert.deepEqual(issued.split(', ').sort(), ['DNS:one.tunnel.test', 'DNS:two.tunnel.test']);
  });

  test('keeps no proof once a name is proven', async () => {
    assert.deepEqual(await store.list('acme-proof:'), []);
  });

  test('is asked by one node, and every node has the certificate', async () => {
    const shared = new MemoryStore();
    const orders: string[] = [];
    const fetch: Pebble['fetch'] = (url, init) => {
      if (url.endsWith('/order-plz')) orders.push(url);
      return pebble.fetch(url, init);
    };
    const nodes = [0, 1].map(() => manage({ pebble, fetch, store: shared, solvers: [proofs.solvers.http] }));
    await Promise.all(nodes.map(({ manager }) => manager.want({ id: 'a', names: [NAME] })));
    const [one, two] = await Promise.all(nodes.map(({ published }) => published));
    await Promise.all(nodes.map(({ manager }) => manager.close()));
    assert.deepEqual(one, two);
    assert.equal(new Set(orders).size, 1);
    assert.ok(orders.length >= 1);
  });

  test('is not asked again for what the store has', async () => {
    const shared = new MemoryStore();
    await obtain({ pebble, store: shared, solvers: [proofs.solvers.http] }, [NAME]);
    const none: ChallengeSolver = { type: 'http-01', present: () => Promise.reject(new Error('nothing is to prove')) };
    assert.equal(await obtain({ pebble, store: shared, solvers: [none] }, [NAME]), `DNS:${NAME}`);
  });

  test('N17 finishes the order that a process began', async () => {
    const shared = new MemoryStore();
    const began = deferred<void>();
    const stuck: ChallengeSolver = {
      type: 'http-01',
      present: (_, signal) => {
        began.resolve();
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    };
    const first = manage({ pebble, store: shared, solvers: [stuck] });
    await first.manager.want({ id: 'a', names: [NAME] });
    await began.promise;
    const [order] = await shared.list('acme-order:');
    await first.manager.close();

    const finalized: string[] = [];
    const fetch: Pebble['fetch'] = (url, init) => {
      if (url.includes('/finalize-order/')) finalized.push(url);
      return pebble.fetch(url, init);
    };
    await obtain({ pebble, store: shared, fetch, solvers: [proofs.solvers.http] }, [NAME]);
    const id = /\/my-order\/([^"]+)"/.exec(order?.value ?? '')?.[1];
    assert.ok(id !== undefined && finalized.every((url) => url.endsWith(id)), `${id} is not in ${finalized}`);
    assert.deepEqual(await shared.list('acme-order:'), []);
  });

  test('N19 gives nothing to a copy of the store: its private keys are sealed', async () => {
    const shared = new MemoryStore();
    await obtain({ pebble, store: shared, solvers: [proofs.solvers.http] }, [NAME]);
    const kinds = ['certificate:', 'acme-account:'];
    const stored = (await Promise.all(kinds.map((kind) => shared.list(kind)))).flat();
    assert.equal(stored.length, 2);
    for (const { value } of stored) assert.doesNotMatch(value, /PRIVATE KEY|"d"/);
  });
});

describe('an authority that looks into DNS', { skip: pebbleMissing() }, () => {
  test('N19 issues a certificate for a wildcard whose record a program publishes', async (t) => {
    const pebble = await startPebble({});
    t.after(() => pebble.close());
    const folder = temporaryFolder('dns-program');
    const program = join(folder, 'publish');
    const script = `#!${process.execPath}
const [action, host, value] = process.argv.slice(2);
if (process.env.POSTERN_SECRET) process.exit(3);
const path = action === 'present' ? 'set-txt' : 'clear-txt';
fetch('${pebble.dnsManagement}/' + path, { method: 'POST', body: JSON.stringify({ host, value }) })
  .then(({ ok }) => process.exit(ok ? 0 : 1));
`;
    writeFileSync(program, script, { mode: 0o700 });
    const values = { acme: true, acme_directory: pebble.directory };
    const environment = toAcme(values, { PATH: process.env['PATH'], POSTERN_SECRET: 'x' })?.environment;
    const records = programRecords(program, environment ?? {});
    const solvers = [dnsSolver({ records, propagation: async () => {} })];
    const issued = await obtain({ pebble, solvers }, [NAME, `*.${NAME}`]);
    assert.deepEqual(issued.split(', ').sort(), [`DNS:*.${NAME}`, `DNS:${NAME}`]);
  });

  test('issues a certificate for a wildcard whose record a name server takes', { skip: bindMissing() }, async (t) => {
    const bind = await startBind();
    t.after(() => bind.close());
    const pebble = await startPebble({ dnsServer: `127.0.0.1:${bind.port}` });
    t.after(() => pebble.close());
    const key = readTsigKey(TSIG_KEY);
    assert.ok(key !== undefined);
    const records = new DynamicZone({ server: { host: '127.0.0.1', port: bind.port }, key });
    const solvers = [dnsSolver({ records, propagation: async () => {} })];
    const issued = await obtain({ pebble, solvers }, [ZONE, `*.${ZONE}`]);
    assert.deepEqual(issued.split(', ').sort(), [`DNS:*.${ZONE}`, `DNS:${ZONE}`]);
  });

  test('is not asked before a name server has the record: a wrong key is refused with a sentence', {
    skip: bindMissing(),
  }, async (t) => {
    const bind = await startBind();
    t.after(() => bind.close());
    const key = readTsigKey(TSIG_KEY.replace('c2VjcmV0', 'b3RoZXJz'));
    assert.ok(key !== undefined);
    const zone = new DynamicZone({ server: { host: '127.0.0.1', port: bind.port }, key });
    const add = () => zone.add(`_acme-challenge.${ZONE}`, 'text', new AbortController().signal);
    await assert.rejects(add, /the name server 127\.0\.0\.1:\d+: the update of _acme-challenge\.tunnel\.test: .*key/);
    await assert.rejects(
      () => zone.add('_acme-challenge.elsewhere.test', 'text', new AbortController().signal),
      /it serves no zone that has _acme-challenge\.elsewhere\.test/,
    );
  });
});
