/** A link of this node on its way: its name is claimed in the directory first, then it is opened, and taken back when it ends. */
import { randomBytes } from 'node:crypto';
import type { Claim, TunnelRecord } from '../../cluster/directory.js';
import type { OutboundLink } from '../../link/outbound-link.js';

const ID_BYTES = 9;

export class OwnLink {
  readonly id = randomBytes(ID_BYTES).toString('base64url');
  readonly claim: Claim;
  /** That of its claim; undefined until the directory has it. */
  epoch: number | undefined;
  /** Undefined until it is open. */
  link: OutboundLink | undefined;
  /** Resolves once it is open, or will not be. */
  readonly settled: Promise<void>;
  settle: () => void = () => {};
  /** It is taken back: resolves to whether the tunnel has no other link then. */
  released: Promise<boolean> | undefined;
  /** Another agent has the tunnel, which this one had, too: their nodes knew nothing of each other. */
  isTaken = false;
  /** The directory has lost its place, and is asked for it again. */
  isReclaimed = false;

  constructor(wanted: Omit<Claim, 'link'>) {
    this.claim = { ...wanted, link: this.id };
    this.settled = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get name(): string {
    return this.claim.name;
  }

  /** Whether a record has its place. */
  isIn({ places }: TunnelRecord): boolean {
    return places.some(({ link }) => link === this.id);
  }

  /**
   * Whether another link has taken its place, or the agent has offered something else since. A record of an earlier epoch says nothing
   * of that: the directory has lost the later one.
   */
  isReplacedIn({ places, epoch }: TunnelRecord): boolean {
    if (this.epoch !== undefined && epoch < this.epoch) return false;
    return epoch !== this.epoch || places.some(({ slot, link }) => slot === this.claim.slot && link !== this.id);
  }

  /** Whether a record is of another agent. */
  isOfAnother({ owner, agentId }: TunnelRecord): boolean {
    return owner !== this.claim.owner || agentId !== this.claim.agentId;
  }

  /** Whether it has its place there, and will be open in a moment. */
  isComingIn(record: TunnelRecord): boolean {
    return this.link === undefined && this.released === undefined && this.isIn(record);
  }

  /** Whether requests may use it. */
  get isServing(): boolean {
    return this.link !== undefined && !this.link.draining.aborted;
  }
}
