/** Claims the name of a tunnel in the directory. Another agent that has it is asked first whether it is alive. */
import type { Claim, Directory, TunnelRecord } from '../../cluster/directory.js';
import type { Peers } from '../../cluster/peers.js';
import { PosternError } from '../../errors.js';

export interface NameClaimsOptions {
  readonly directory: Directory;
  readonly peers: Pick<Peers, 'probe'>;
  /** Whether an agent at this node is alive. Ends the links of one that is not. */
  readonly probe: (tunnel: string) => Promise<boolean>;
}

export class NameClaims {
  readonly #options: NameClaimsOptions;

  constructor(options: NameClaimsOptions) {
    this.#options = options;
  }

  /** Throws `ERR_NAME_TAKEN` while another agent that has the name is alive. */
  async claim(claim: Claim): Promise<TunnelRecord> {
    const { directory } = this.#options;
    const first = await directory.claim(claim);
    if (first.kind === 'claimed') return first.record;
    if (isOwn(claim, first.record))
      throw taken('A further link offers what the agent has offered last: dial the first one anew.');
    await this.#probeAll(first.record);
    const second = await directory.claim(claim); // one that is silent has lost it, and another may have left meanwhile
    if (second.kind === 'claimed') return second.record;
    throw taken(`Another agent serves ${claim.name}. Stop it, or choose another --name.`);
  }

  async #probeAll({ name: tunnel, epoch, places }: TunnelRecord): Promise<void> {
    const { directory, peers, probe } = this.#options;
    const nodes = new Set(places.map(({ node }) => node));
    // A node that cannot be asked keeps what it has until its lease is over.
    await Promise.allSettled(
      [...nodes].map((node) => (node === directory.self.id ? probe(tunnel) : peers.probe(node, { tunnel, epoch }))),
    );
  }
}

/** Whether it is the same agent, one of whose further links comes with another offer. */
function isOwn({ owner, agentId }: Claim, record: TunnelRecord): boolean {
  return record.owner === owner && record.agentId === agentId;
}

function taken(text: string): PosternError {
  return new PosternError('ERR_NAME_TAKEN', text, { text });
}
