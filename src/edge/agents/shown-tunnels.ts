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

/** What the registry has of a tunnel. */
interface Shown {
  readonly epoch: number;
  readonly links: readonly string[];
}

export class ShownTunnels {
  readonly #options: ShownTunnelsOptions;
  readonly #shown = new Map<string, Shown>();

  constructor(options: ShownTunnelsOptions) {
    this.#options = options;
  }

  /** Shows a tunnel with the links of this node that serve it, or with the route to others. */
  show(tunnel: Tunnel, { name, epoch, places }: TunnelRecord, own: readonly OwnLink[]): void {
    const { registry, directory, peers, changed } = this.#options;
    const away = own.length > 0 ? [] : places.filter(({ node }) => node !== directory.self.id);
    const shown = { epoch, links: own.length > 0 ? own.map(({ id }) => id) : away.map(({ link }) => link) };
    if (isSame(shown, this.#shown.get(name))) return;
    const links = own.flatMap(({ link }) => (link === undefined ? [] : [link]));
    const remote = away.map(({ node }) => new RemoteLink(peers, node, name, epoch));
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

function isSame(one: Shown, other: Shown | undefined): boolean {
  if (one.epoch !== other?.epoch || one.links.length !== other.links.length) return false;
  return one.links.every((link, at) => link === other.links[at]);
}
