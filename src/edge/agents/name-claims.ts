/** Claims the name of a tunnel in the directory. Another agent that has it is asked first whether it is alive. */
import type { Claim, Directory, TunnelRecord } from '../../cluster/directory.js';
import type { Peers } from '../../cluster/peers.js';
import { PosternError } from '../../errors.js';

export interface NameClaimsOptions {
  readonly directory: Directory;
  readonly peers: Pick<Peers, 'probe'>;
  /** Whether an agent at this node is alive, the link apart that asks. Ends the links of one that is not. */
  readonly probe: (tunnel: string, asking: string) => Promise<boolean>;
}

export class NameClaims {
  readonly #options: NameClaimsOptions;

  constructor(options: NameClaimsOptions) {
    this.#options = options;
  }

  /**
   * Throws `ERR_NAME_TAKEN` while another agent that has the name is alive, and `ERR_STORE_UNAVAILABLE` when none is and the directory
   * does not take its place back.
   */
  async claim(claim: Claim): Promise<TunnelRecord> {
    const { directory } = this.#options;
    const first = await directory.claim(claim);
    if (first.kind === 'claimed') return first.record;
    if (isOwn(claim, first.record))
      throw taken('A further link offers what the agent has offered last: dial the first one anew.');
    const isAlive = await this.#probeAll(first.record, claim.link);
    const second = await directory.claim(claim); // one that is silent has lost it, and another may have left meanwhile
    if (second.kind === 'claimed') return second.record;
    if (!isAlive && second.record.epoch === first.record.epoch)
      throw new PosternError(
        'ERR_STORE_UNAVAILABLE',
        `the place of an agent of ${claim.name} that has left could not be removed`,
      );
    throw taken(`Another agent serves ${claim.name}. Stop it, or choose another --name.`);
  }

  /** Whether any of its agents is alive. */
  async #probeAll({ name: tunnel, epoch, places }: TunnelRecord, asking: string): Promise<boolean> {
    const { directory, peers, probe } = this.#options;
    const nodes = new Set(places.map(({ node }) => node));
    // A node that cannot be asked keeps what it has until its lease is over.
    const alive = await Promise.allSettled(
      [...nodes].map((node) =>
        node === directory.self.id ? probe(tunnel, asking) : peers.probe(node, { tunnel, epoch }),
      ),
    );
    return alive.some((one) => one.status === 'rejected' || one.value);
  }
}

/** Whether it is the same agent, one of whose further links comes with another offer. */
function isOwn({ owner, agentId }: Claim, record: TunnelRecord): boolean {
  return record.owner === owner && record.agentId === agentId;
}

function taken(text: string): PosternError {
  return new PosternError('ERR_NAME_TAKEN', text, { text });
}
