/**
 * Composes what people decide and see while tunnels run: grants, requests to be let in, and the events about both. What is
 * granted counts in the registry at once, and open requests are judged again.
 */
import type { Rule } from '../core/rule.js';
import type { Store } from '../store/store.js';
import { describeKnock } from './api/knocks.js';
import { describeGrant } from './api/tunnels.js';
import type { Registry } from './gate/registry.js';
import type { Revalidator } from './gate/revalidation.js';
import { Feed } from './people/feed.js';
import { Grants } from './people/grants.js';
import { Knocks } from './people/knocks.js';

export interface SharingOptions {
  readonly store: Store;
  readonly ceiling: readonly Rule[] | undefined;
}

export class Sharing {
  readonly ready: Promise<unknown>;
  readonly grants: Grants;
  readonly knocks: Knocks;
  readonly feed = new Feed();

  constructor({ store, ceiling }: SharingOptions) {
    this.grants = new Grants({ store, ceiling });
    this.knocks = new Knocks({ store });
    this.ready = Promise.all([this.grants.ready, this.knocks.ready]);
  }

  /** From now on every change takes effect at the tunnels of this edge. */
  connect(registry: Registry, revalidator: Revalidator): void {
    const { grants, knocks, feed } = this;
    grants.onChange((tunnels) => {
      for (const name of tunnels) registry.refresh(name);
      void revalidator.review();
      this.#tell(registry, tunnels, (tunnel) => {
        feed.publish({ kind: 'access', ...tunnel, data: { grants: grants.list(named(tunnel)).map(describeGrant) } });
      });
    });
    knocks.onChange((tunnels) => {
      this.#tell(registry, tunnels, (tunnel) => {
        feed.publish({ kind: 'knock', ...tunnel, data: { knocks: knocks.list(named(tunnel)).map(describeKnock) } });
      });
    });
  }

  close(): void {
    this.grants.close();
    this.knocks.close();
  }

  #tell(
    registry: Registry,
    names: readonly string[],
    publish: (tunnel: { tunnel: string; owner: string }) => void,
  ): void {
    for (const name of names) {
      const owner = registry.find(name)?.policy.owner;
      if (owner !== undefined) publish({ tunnel: name, owner });
    }
  }
}

function named({ tunnel, owner }: { tunnel: string; owner: string }) {
  return { name: tunnel, owner };
}
