/** Which tunnels are online with which token, at all nodes. */
import type { Others } from '../../cluster/others.js';
import type { Admission } from './admission.js';

type ByToken = ReadonlyMap<string, readonly string[]>;
type Entries = readonly (readonly [token: string, names: readonly string[]])[];

/** The names of the tunnels that are online, by the id of the token that opened the link. */
export function onlineEverywhere(admission: Admission, others: Others): () => Promise<ByToken> {
  others.on('online', (): Entries => [...admission.onlineByToken()]);
  return async () => {
    const all = new Map<string, Set<string>>();
    for (const online of [admission.onlineByToken(), ...(await others.ask<Entries>('online'))])
      for (const [token, names] of online) all.set(token, new Set([...(all.get(token) ?? []), ...names]));
    return new Map([...all].map(([token, names]) => [token, [...names].sort()]));
  };
}
