import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { endpoints } from '../../../src/config/endpoints.js';
import { checkNames, checkPorts } from '../../../src/edge/reachability.js';

const BASE = { host: 'tunnel.acme.com' };

const absent = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));

/** Looks up the base host and tunnels in these answers: addresses, or the code of an error. */
function zone(base: readonly string[] | string, tunnels: readonly string[] | string) {
  const asked: string[] = [];
  const lookup = (host: string) => {
    asked.push(host);
    const found = host === BASE.host ? base : tunnels;
    return typeof found === 'string' ? absent(found) : Promise.resolve(found);
  };
  return { asked, lookup };
}

describe('DNS of an edge', () => {
  it('is right when the base host and any tunnel lead to one place', async () => {
    const { asked, lookup } = zone(['203.0.113.1', '2001:db8::1'], ['2001:db8::1']);
    assert.deepEqual(await checkNames(BASE, { lookup }), []);
    assert.equal(asked.length, 2);
    assert.match(asked[1] ?? '', /^check-[0-9a-f]{12}\.tunnel\.acme\.com$/);
  });

  for (const [what, base, tunnels, findings] of [
    ['no record', 'ENOTFOUND', 'ENOTFOUND', [/^tunnel\.acme\.com has no address/, /^\*\.tunnel\.acme\.com has no/]],
    ['no record of tunnels', ['203.0.113.1'], 'ENODATA', [/^\*\.tunnel\.acme\.com has no address/]],
    ['a record elsewhere', ['203.0.113.1'], ['198.51.100.1'], [/elsewhere: .*203\.0\.113\.1.*198\.51\.100\.1/]],
    ['a resolver that fails', ['203.0.113.1'], 'EAI_AGAIN', [/cannot be looked up now \(EAI_AGAIN\)/]],
  ] as const) {
    it(`is warned of: ${what}`, async () => {
      const found = await checkNames(BASE, { lookup: zone(base, tunnels).lookup });
      assert.equal(found.length, findings.length, found.join('\n'));
      for (const [at, finding] of findings.entries()) assert.match(found[at] ?? '', finding);
    });
  }

  it('is not waited for without end', async () => {
    const found = await checkNames(BASE, { lookup: () => new Promise(() => {}), timeoutMs: 1 });
    assert.match(found.join(), /cannot be looked up now \(ETIMEDOUT\)/);
  });

  it('is not asked for localhost', async () => {
    const { asked, lookup } = zone([], []);
    assert.deepEqual(await checkNames({ host: 'localhost' }, { lookup }), []);
    assert.deepEqual(asked, []);
  });
});

describe('the ports of an edge', () => {
  it('are warned of when they cannot be listened on, each by itself', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const listen = endpoints.read(`127.0.0.1:${port},127.0.0.1:0,unix:/absent/a.sock,fd:3`).value ?? [];
    const findings = await checkPorts({ listen });
    assert.equal(findings.length, 1, findings.join('\n'));
    assert.match(
      findings[0] ?? '',
      /^POSTERN_LISTEN: cannot listen on 127.*another program uses it.*an edge that runs already/,
    );
  });
});
