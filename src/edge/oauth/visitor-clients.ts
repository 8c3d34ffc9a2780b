/**
 * What the authorization server hands on: requests of OAuth clients that act for visitors, which are told from agents by
 * their `client_id`. `clients/` implements it.
 */
import type { Reply, Visit } from '../request/visit.js';
import type { Parameters } from './parameters.js';

export interface VisitorClients {
  /** The authorization endpoint: shows the question, and takes the decision. */
  ask(visit: Visit): Promise<Reply>;
  decide(visit: Visit): Promise<Reply>;
  /** The token endpoint, and that of revocation (RFC 7009). Reject with an `OAuthError`. */
  token(visit: Visit, parameters: Parameters): Promise<Reply>;
  revoke(visit: Visit, parameters: Parameters): Promise<Reply>;
  /** What the metadata of the server (RFC 8414) says about them. */
  readonly metadata: object;
}
