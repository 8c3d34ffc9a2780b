/**
 * Where the agents of tunnels are: claims names in the directory for the links of this node, follows those of all nodes, and keeps
 * the registry as they say. Other nodes ask it for links of this node (`OwnLinks`).
 */
import type {
  Claim,
  Claimed,
  Directory,
  DirectoryChange,
  DirectoryWatch,
  TunnelRecord,
} from '../../cluster/directory.js';
import type { Peers } from '../../cluster/peers.js';
import type { OwnLinks, TunnelLink } from '../../cluster/relay.js';
import { PosternError } from '../../errors.js';
import type { OutboundLink } from '../../link/outbound-link.js';
import type { SeveralNodes } from '../../link/several-links.js';
import type { Tunnel } from '../gate/registry.js';
import { NameClaims } from './name-claims.js';
import { OwnLink } from './own-link.js';
import { isAlive } from './probe.js';
import { firstNodeOf, severalNodes } from './several-nodes.js';
import { ShownTunnels, type ShownTunnelsOptions } from './shown-tunnels.js';
import { oneOf } from './tunnel-links.js';
import { untilResponse } from './until-response.js';

export interface PlacesOptions extends ShownTunnelsOptions {
  readonly directory: Directory;
  /** The tunnel of a record, without a link. */
  readonly read: (record: TunnelRecord) => Tunnel | undefined;
  readonly peers: Pick<Peers, 'open' | 'probe'>;
  /** How many nodes there are as long as none is away; 1 unless given. */
  readonly expected?: number;
}

/** What a link that has closed leaves of its tunnel. */
export type Left = 'no link' | 'other links' | 'another agent';

export type Reserving = Omit<Claim, 'link'>;

export class Places implements OwnLinks {
  /** Resolves once all tunnels of the directory are in the registry. */
  readonly ready: Promise<void>;
  readonly #options: PlacesOptions;
  readonly #claims: NameClaims;
  readonly #watch: DirectoryWatch;
  #records = new Map<string, TunnelRecord>();
  readonly #own = new Map<string, OwnLink[]>();
  readonly #shown: ShownTunnels;
  #isClosed = false;

  constructor(options: PlacesOptions) {
    this.#options = options;
    const { directory, peers } = options;
    this.#shown = new ShownTunnels(options);
    this.#claims = new NameClaims({ directory, peers, probe: (tunnel, asking) => this.#hasAgent(tunnel, asking) });
    this.#watch = options.directory.watch((change) => this.#change(change));
    this.ready = this.#watch.ready;
  }

  /** How many tunnels have a link at this node. One with several is counted by the node of the first of them. */
  get links(): number {
    const { id } = this.#options.directory.self;
    return [...this.#own.keys()].filter((name) => (firstNodeOf(this.#records.get(name)) ?? id) === id).length;
  }

  /** What agents are told that would hold several links. */
  nodes(): SeveralNodes {
    return severalNodes(this.#options.directory, this.#options.expected ?? 1);
  }

  /** Whether an owner's agent has the link of a slot at this node, also one that drains. */
  hasOwn({ name, owner, slot }: Pick<Claim, 'name' | 'owner' | 'slot'>): boolean {
    return this.#ownOf(name).some(
      ({ link, claim }) => link !== undefined && claim.owner === owner && claim.slot === slot,
    );
  }

  /**
   * Claims a name for a link that the caller opens at once (`connect`), or not (`abandon`). Throws `ERR_NAME_TAKEN` while another
   * agent that has it is alive.
   */
  async reserve(wanted: Reserving): Promise<OwnLink> {
    const own = new OwnLink(wanted);
    this.#own.set(own.name, [...this.#ownOf(own.name), own]);
    try {
      own.epoch = (await this.#claims.claim(own.claim)).epoch;
      return own;
    } catch (error) {
      this.#forget(own);
      throw error;
    }
  }

  /** The link is open. `ended` is called when it has closed, with what that leaves of the tunnel. */
  connect(own: OwnLink, link: OutboundLink, ended: (left: Left) => void): void {
    own.link = link;
    own.settle();
    link.draining.addEventListener('abort', () => void this.#release(own), { once: true });
    void link.closed.then(async () => {
      const isLast = await this.#release(own);
      this.#forget(own);
      const isOffline = isLast && this.#records.get(own.name)?.places.length === 0;
      ended(own.isTaken ? 'another agent' : isOffline ? 'no link' : 'other links');
    });
    this.#update(own.name);
  }

  /** The link that was reserved will not be opened. */
  abandon(own: OwnLink): void {
    void this.#release(own);
    this.#forget(own);
  }

  linkOf(tunnel: string, epoch: number): TunnelLink | undefined | Promise<TunnelLink | undefined> {
    const own = this.#ownOf(tunnel);
    const open = oneOf(own.flatMap((one) => (one.isServing && one.epoch === epoch && one.link ? [one.link] : [])));
    const coming = own.find((one) => one.link === undefined && (one.epoch ?? epoch) === epoch);
    if (open !== undefined || coming === undefined) return open;
    return coming.settled.then(() => this.linkOf(tunnel, epoch));
  }

  probe(tunnel: string): Promise<boolean> {
    return this.#hasAgent(tunnel, undefined);
  }

  /** Reads the record of a tunnel again: this node's copy is outdated, as another node has shown. It stays while the directory is away. */
  async refresh(name: string): Promise<void> {
    const before = this.#records.get(name);
    let record = await this.#options.directory.find(name).catch(() => before);
    // What the watch has told meanwhile may be later than what was read.
    if (this.#records.get(name) !== before) record = this.#records.get(name);
    else if (record === undefined) this.#records.delete(name);
    else this.#records.set(name, record);
    // Its agent comes to this node: nowhere else is a link any more, and here is one in a moment.
    await this.#ownOf(name).find((own) => record !== undefined && own.isComingIn(record))?.settled;
    this.#update(name);
  }

  close(): void {
    this.#isClosed = true;
    this.#watch.close();
  }

  /** Whether an agent is alive here, the link apart that asks. */
  async #hasAgent(tunnel: string, asking: string | undefined): Promise<boolean> {
    const others = this.#ownOf(tunnel).filter(({ id }) => id !== asking);
    const alive = await Promise.all(others.map((own) => this.#isAlive(own)));
    return alive.some(Boolean);
  }

  /** Ends the link if it does not respond; its place is free then. */
  async #isAlive(own: OwnLink): Promise<boolean> {
    if (own.link === undefined || (await isAlive(own.link))) return true;
    own.link.destroy(new PosternError('ERR_LINK_LOST', 'no answer while its name was asked for'));
    await own.link.closed;
    void this.#release(own); // tries until the directory responds, for which the agent that asks does not wait
    await this.#options.directory.release(own.name, own.id).catch(() => {});
    return false;
  }

  #release(own: OwnLink): Promise<boolean> {
    own.released ??= this.#takeBack(own);
    if (own.link !== undefined) this.#update(own.name);
    return own.released;
  }

  async #takeBack(own: OwnLink): Promise<boolean> {
    const release = () => this.#options.directory.release(own.name, own.id);
    const left = await untilResponse(release, () => this.#isClosed); // until then no other agent can take the name
    return left?.places.length === 0;
  }

  #forget(own: OwnLink): void {
    own.settle();
    const others = this.#ownOf(own.name).filter((one) => one !== own);
    if (others.length > 0) this.#own.set(own.name, others);
    else this.#own.delete(own.name);
    this.#update(own.name);
  }

  #ownOf(name: string): OwnLink[] {
    return this.#own.get(name) ?? [];
  }

  #change(change: DirectoryChange): void {
    if (change.kind === 'all') this.#replaceAll(change.records);
    else if (change.kind === 'forgotten') {
      this.#records.delete(change.name);
      this.#update(change.name);
    } else {
      this.#records.set(change.record.name, change.record);
      this.#update(change.record.name);
    }
  }

  // Most are as they were after a gap: with tens of thousands of others the process would stand still for long.
  #replaceAll(records: readonly TunnelRecord[]): void {
    const before = this.#records;
    this.#records = new Map(records.map((record) => [record.name, record]));
    for (const record of records) if (before.get(record.name) !== record) this.#update(record.name);
    for (const name of before.keys()) if (!this.#records.has(name)) this.#update(name);
    for (const name of [...this.#own.keys()]) this.#update(name);
  }

  /** Brings a tunnel of the registry up to date. */
  #update(name: string): void {
    const { read } = this.#options;
    const record = this.#records.get(name);
    const own = this.#ownOf(name);
    if (record !== undefined && own.some((one) => one.isComingIn(record))) return; // it is opened or abandoned in a moment
    for (const one of own) if (one.isServing && !(record && one.isIn(record))) this.#settle(one, record);
    const tunnel = record && read(record);
    const serving = own.filter(({ isServing }) => isServing);
    if (record !== undefined && tunnel !== undefined) {
      const placed = serving.filter((one) => one.isIn(record));
      this.#shown.show(tunnel, record, placed);
    } else if (serving.length === 0) this.#shown.hide(name);
  }

  /** A link of this node without a place: another one has replaced it, or the directory has lost it. */
  #settle(own: OwnLink, record: TunnelRecord | undefined): void {
    if (record === undefined || !own.isReplacedIn(record)) return void this.#reclaim(own);
    own.isTaken = own.isOfAnother(record);
    void own.link?.drain(); // running requests finish on it
  }

  async #reclaim(own: OwnLink): Promise<void> {
    if (own.isReclaimed) return;
    own.isReclaimed = true;
    const claimed = await this.#claimAgain(own);
    own.isReclaimed = false;
    if (claimed?.kind === 'held') this.#lose(own, claimed.record);
    if (claimed?.kind !== 'claimed') return;
    if (own.released !== undefined) void this.#takeBack(own); // it has ended meanwhile, and so has no place to keep
    own.epoch = claimed.record.epoch;
    this.#update(own.name);
  }

  /** Another agent has the name, or its own one has offered something else with its first link meanwhile. */
  #lose(own: OwnLink, record: TunnelRecord): void {
    own.isTaken = own.isOfAnother(record);
    if (own.isTaken) own.link?.destroy(new PosternError('ERR_NAME_TAKEN'));
    else void own.link?.drain(); // running requests finish on it
  }

  /** Undefined if the link has ended, or is replaced, before the directory has responded; it goes on meanwhile. */
  #claimAgain(own: OwnLink): Promise<Claimed | undefined> {
    const isOver = () => {
      const record = this.#records.get(own.name);
      return (
        this.#isClosed || !own.isServing || (record !== undefined && (own.isIn(record) || own.isReplacedIn(record)))
      );
    };
    return untilResponse(() => this.#options.directory.claim(own.claim), isOver);
  }
}
