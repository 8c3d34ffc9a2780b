/** An edge that obtains its certificates itself, from an authority that finds it at its own ports. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { inWorld } from '../../support/in-world.js';
import { type Pebble, pebbleMissing, startPebble } from '../../support/pebble.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { CERTIFICATE_PATH } from '../../support/tls-front.js';

describe('an edge that obtains its certificates', { skip: pebbleMissing() }, () => {
  const folder = temporaryFolder('acme');
  const trusted = join(folder, 'trusted.pem');
  copyFileSync(CERTIFICATE_PATH, trusted);
  const { world } = inWorld({ domain: 'tunnel.test', tls: 'edge', agentEnv: { NODE_EXTRA_CA_CERTS: trusted } });
  const externalAccount = { kid: 'kid-1', key: randomBytes(32).toString('base64url') };
  let pebble: Pebble;
  let root: string;

  before(async () => {
    pebble = await startPebble({ tlsPort: world.ports.front, httpPort: world.ports.edge, externalAccount });
    root = await pebble.root();
    appendFileSync(trusted, `\n${root}`);
    await world.agent.terminate();
    await world.edge.terminate();
  });
  after(() => pebble?.close());

  const env = () => ({
    ...{ POSTERN_TLS_CERT: undefined, POSTERN_TLS_KEY: undefined },
    ...{ POSTERN_ACME: 'on', POSTERN_ACME_DIRECTORY: pebble.directory, POSTERN_ACME_EMAIL: 'ops@acme.com' },
    ...{ POSTERN_ACME_EAB_KID: externalAccount.kid, POSTERN_ACME_EAB_KEY: externalAccount.key },
    ...{ POSTERN_STATE_DIR: join(folder, 'state'), NODE_EXTRA_CA_CERTS: pebble.certificatePath },
  });

  async function namesFor(servername: string): Promise<string | undefined> {
    const socket = connect({ host: '127.0.0.1', port: world.ports.front, servername, ca: root });
    await once(socket, 'secureConnect');
    const { subjectaltname } = socket.getPeerCertificate();
    socket.destroy();
    return subjectaltname;
  }

  const issued = (name: string) =>
    world.edge.record(({ msg, names }) => msg === 'a certificate was issued' && String(names) === name);

  test('says what it needs for an authority that demands an external account', async () => {
    await world.startEdge({ ...env(), POSTERN_ACME_EAB_KID: undefined, POSTERN_ACME_EAB_KEY: undefined });
    const { problem } = await world.edge.record(({ level, problem }) => level === 'error' && problem !== undefined);
    assert.match(String(problem), /expected POSTERN_ACME_EAB_KID and POSTERN_ACME_EAB_KEY/);
    await world.edge.terminate();
  });

  test('has one for its base host soon after its first start, with an account of that kind', async () => {
    await world.startEdge(env());
    await issued('tunnel.test');
    assert.equal(await namesFor('tunnel.test'), 'DNS:tunnel.test');
  });

  test('N18 has one for a tunnel soon after its agent is online, and for no other name', async () => {
    await world.startAgent();
    await issued('demo.tunnel.test');
    assert.equal(await namesFor('demo.tunnel.test'), 'DNS:demo.tunnel.test');
    await assert.rejects(namesFor('other.tunnel.test'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('N17 has them again after kill -9, while the authority is away', async () => {
    await world.edge.kill();
    await pebble.close();
    await world.startEdge(env());
    assert.equal(await namesFor('tunnel.test'), 'DNS:tunnel.test');
    await world.edge.record(
      ({ msg, names }) => msg === 'a certificate is in use' && String(names) === 'demo.tunnel.test',
    );
    assert.equal(await namesFor('demo.tunnel.test'), 'DNS:demo.tunnel.test');
    assert.equal(
      world.edge.records().some(({ msg }) => msg === 'a certificate was issued'),
      false,
    );
  });
});
