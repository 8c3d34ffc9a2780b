/**
 * The servers behind one tunnel: its target, and those that are mounted at paths of it. Each is a `Target` of its own, with its own
 * connections and hints, and all can be replaced while the link stays.
 */
import { PosternError } from '../../errors.js';
import type { InboundStream } from '../../http/exchange.js';
import { mountOf } from '../../http/mount-path.js';
import type { TargetAddress } from './address.js';
import { Target, type TargetOptions } from './target.js';

/** By the path of a mount; the tunnel's own target at `''`, always there. */
export type TargetAddresses = ReadonlyMap<string, TargetAddress>;

export class Targets {
  readonly #options: TargetOptions;
  #byPath: ReadonlyMap<string, Target>;
  #mounts: readonly string[];
  /** Replaced, and used until the last `replace` at least. */
  #former: Target[] = [];

  constructor(addresses: TargetAddresses, options: TargetOptions) {
    this.#options = options;
    this.#byPath = targetsAt(addresses, options);
    this.#mounts = mountsOf(addresses);
  }

  /** Connects once to each, and hints at what is wrong where that fails. */
  async probe(): Promise<void> {
    await Promise.all([...this.#byPath.values()].map((target) => target.probe()));
  }

  /** Serves one request. Never throws. */
  serve(stream: InboundStream): void {
    const mount = this.#mounts.length === 0 ? '' : mountOf(stream.head.path, this.#mounts);
    const target = this.#byPath.get(mount ?? '') as Target; // `''` is always there
    if (mount !== undefined) target.serve(stream);
    else target.refuse(stream, new PosternError('ERR_BAD_REQUEST', 'The path could be that of two servers.'));
  }

  /** New requests go to other servers from now on. Those that run are finished, but for WebSockets and event streams. */
  replace(addresses: TargetAddresses): void {
    this.closeLongLived();
    const former = this.#all();
    this.#former = former.filter((target) => !target.isUnused);
    for (const target of former) if (target.isUnused) target.close();
    this.#byPath = targetsAt(addresses, this.#options);
    this.#mounts = mountsOf(addresses);
  }

  /** Cuts the open WebSockets and event streams, which would never end by themselves. */
  closeLongLived(): void {
    for (const target of this.#all()) target.closeLongLived();
  }

  /** Ends every connection to any of them at once. */
  close(): void {
    for (const target of this.#all()) target.close();
  }

  #all(): Target[] {
    return [...this.#byPath.values(), ...this.#former];
  }
}

// What one of them says of another leads to the same public origin.
function targetsAt(addresses: TargetAddresses, options: TargetOptions): ReadonlyMap<string, Target> {
  const all = [...addresses.values()];
  return new Map(
    [...addresses].map(([path, address]) => {
      const neighbours = all.filter((other) => other !== address);
      return [path, new Target(neighbours.length === 0 ? address : { ...address, neighbours }, options)];
    }),
  );
}

function mountsOf(addresses: TargetAddresses): readonly string[] {
  return [...addresses.keys()].filter((path) => path !== '');
}
