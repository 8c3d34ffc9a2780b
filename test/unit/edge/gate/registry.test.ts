import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry, type Tunnel } from '../../../../src/edge/gate/registry.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { openPair } from '../../link/pair.js';

function tunnel(name: string, link: OutboundLink | undefined): Tunnel {
  return {
    name,
    host: `${name}.tunnel.test`,
    origin: `https://${name}.tunnel.test`,
    policy: { ceiling: undefined, rules: [], owner: 'dev@acme.com', publicPermitted: false },
    ownerTag: 'tag',
    origins: [],
    frameOrigins: [],
    framing: '',
    agentId: 'agent-0123456789abcdef',
    link,
  };
}

describe('the registry', () => {
  it('knows a tunnel while it has a link, and remembers it afterwards', async (t) => {
    const { edge } = await openPair(t, () => {});
    const registry = new Registry();
    assert.equal(registry.find('demo'), undefined);
    registry.set(tunnel('demo', edge));
    assert.deepEqual([registry.links, registry.find('demo')?.link, registry.online().length], [1, edge, 1]);
    registry.set(tunnel('demo', undefined));
    assert.deepEqual([registry.links, registry.find('demo')?.link, registry.online().length], [0, undefined, 0]);
    assert.equal(registry.find('demo')?.policy.owner, 'dev@acme.com');
  });

  it('counts a tunnel once, whichever link it has, and none that is forgotten', async (t) => {
    const former = (await openPair(t, () => {})).edge;
    const latter = (await openPair(t, () => {})).edge;
    const registry = new Registry();
    registry.set(tunnel('demo', former));
    registry.set(tunnel('demo', latter));
    assert.deepEqual([registry.links, registry.find('demo')?.link], [1, latter]);
    registry.forget('other');
    assert.equal(registry.links, 1);
    registry.forget('demo');
    assert.deepEqual([registry.links, registry.find('demo')], [0, undefined]);
  });

  it('knows names and nothing that every object has', () => {
    const registry = new Registry();
    for (const name of ['__proto__', 'constructor', 'toString']) assert.equal(registry.find(name), undefined);
  });

  it('names the groups of all rules, in the same set until a tunnel changes', async (t) => {
    const { edge } = await openPair(t, () => {});
    const registry = new Registry(['ops']);
    assert.deepEqual([...registry.groups()], ['ops']);
    const asking = (name: string, group: string) => {
      const { policy, ...rest } = tunnel(name, edge);
      return {
        ...rest,
        policy: { ...policy, rules: [{ kind: 'group', group } as const, { kind: 'anyone' } as const] },
      };
    };
    registry.set(asking('one', 'eng'));
    registry.set(asking('two', 'ops'));
    const before = registry.groups();
    assert.deepEqual([...before].sort(), ['eng', 'ops']);
    assert.equal(registry.groups(), before);
    registry.set({ ...asking('one', 'eng'), link: undefined });
    assert.deepEqual([...registry.groups()].sort(), ['eng', 'ops'], 'those of a tunnel that is offline too');
    registry.set(asking('one', 'sales'));
    assert.deepEqual([...registry.groups()].sort(), ['ops', 'sales']);
  });

  it('forgets those first that have been offline the longest, and none that is online', async (t) => {
    const { edge } = await openPair(t, () => {});
    const registry = new Registry();
    registry.set(tunnel('online', edge));
    for (let at = 0; at < 10_002; at++) {
      registry.set(tunnel(`t${at}`, edge));
      registry.set(tunnel(`t${at}`, undefined));
    }
    assert.ok(registry.find('online'));
    assert.equal(registry.find('t0'), undefined);
    assert.equal(registry.find('t1'), undefined);
    assert.ok(registry.find('t2') && registry.find('t10001'));
  });

  it('forgets none because many are online', async (t) => {
    const { edge } = await openPair(t, () => {});
    const registry = new Registry();
    registry.set(tunnel('offline', undefined));
    for (let at = 0; at < 20_000; at++) registry.set(tunnel(`t${at}`, edge));
    registry.set(tunnel('t0', undefined));
    assert.ok(registry.find('offline') && registry.find('t0'));
    assert.equal(registry.links, 19_999);
  });
});
