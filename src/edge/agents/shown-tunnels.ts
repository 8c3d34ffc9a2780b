/** What the registry has of each tunnel, kept as the directory's record and the links of this node say. */
import type { Directory, TunnelRecord } from '../../cluster/directory.js';
import type { Peers } from '../../cluster/peers.js';
import type { Registry, Tunnel } from '../gate/registry.js';
import type { OwnLink } from './own-link.js';
import { oneOf, RemoteLink } from './tunnel-links.js';

export interface ShownTunnelsOptions {
  readonly directory: Pick<Directory, 'self'>;
  readonly registry: Registry;
  readonly peers: Pick<Peers, 'open'>;
  /** Called when a tunnel has got a link at any node, or has lost its last one. */
  readonly changed: (tunnel: Tunnel) => void;
}

export class ShownTunnels {
  readonly #options: ShownTunnelsOptions;
  /** By name: its epoch and its links. */
  readonly #shown = new Map<string, string>();

  constructor(options: ShownTunnelsOptions) {
    this.#options = options;
  }

  /** Shows a tunnel with the links of this node that serve it, or with the way to others. */
  show(tunnel: Tunnel, { name, epoch, places }: TunnelRecord, own: readonly OwnLink[]): void {
    const { registry, directory, peers, changed } = this.#options;
    const away = own.length > 0 ? [] : places.filter(({ node }) => node !== directory.self.id);
    const shown = [epoch, ...own.map(({ id }) => id), ...away.map(({ link }) => link)].join();
    if (shown === this.#shown.get(name)) return;
    const links = own.flatMap(({ link }) => (link === undefined ? [] : [link]));
    const remote = away.map(({ node }) => new RemoteLink(peers, { node, tunnel: name, epoch }));
    const wasOnline = registry.find(name)?.link !== undefined;
    const online = { ...tunnel, link: oneOf([...links, ...remote]) };
    this.#shown.set(name, shown);
    registry.set(online);
    if (wasOnline || online.link !== undefined) changed(online);
  }

  hide(name: string): void {
    this.#shown.delete(name);
    this.#options.registry.forget(name);
  }
}
