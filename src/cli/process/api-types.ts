/** What the edge's API (`docs/api.md`) sends, as far as the commands use it. */

/** A tunnel as the API describes it. */
export interface ApiTunnel {
  readonly name: string;
  readonly url: string;
  readonly owner: string;
  readonly online: boolean;
  readonly allow: readonly string[];
  readonly grants: readonly ApiGrant[];
}

export interface ApiGrant {
  readonly rule: string;
  readonly effect: 'allow' | 'deny';
  readonly expires_at: string | null;
}

/** A credential of a machine, without the secret. */
export interface ApiAccessToken {
  readonly id: string;
  readonly name: string;
  readonly expires_at: string;
}

export interface ApiNewAccessToken extends ApiAccessToken {
  readonly token: string;
}

/** A token of agents, without the token itself. Times as RFC 3339. */
export interface ApiAgentToken {
  readonly id: string;
  readonly owner: string;
  readonly tunnels: readonly string[];
  readonly expires_at: string;
  readonly last_seen: string;
  readonly address: string;
  readonly online: readonly string[];
  readonly sign_in: { readonly machine: string } | null;
}

/** A person who asks to be let in. */
export interface ApiKnock {
  readonly id: string;
  readonly email: string;
  readonly message: string;
  readonly at: string;
}

/** A link with which people let themselves in. Times as RFC 3339. */
export interface ApiInvite {
  readonly id: string;
  readonly uses: number;
  readonly used: number;
  readonly email: string | null;
  readonly expires_at: string;
  readonly access_expires_at: string | null;
}

/** A person at a tunnel. */
export interface ApiPerson {
  readonly email: string;
  /** RFC 3339; not of an older edge. */
  readonly since?: string;
  readonly open: number;
}
