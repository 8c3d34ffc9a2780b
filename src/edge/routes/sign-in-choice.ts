/** The account and the identity provider that a visitor chooses for a sign-in, and the queries that contain the choice. */
import type { IdentityProvider } from '../../auth/providers/identity-provider.js';
import type { Providers } from '../../auth/providers/providers.js';
import { queryValue } from '../../auth/session/return-path.js';
import { type BaseAddress, tunnelOrigin } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import { queryParam } from './session.js';

export interface SignInChoice {
  readonly account: 'current' | 'other';
  /** The id of an identity provider; absent when the edge may choose. */
  readonly provider?: string | undefined;
}

/** The choice in the query of a request. */
export function readChoice(request: Parameters<typeof queryParam>[0]): SignInChoice {
  const account = queryParam(request, 'switch') === 'account' ? 'other' : 'current';
  return { account, provider: queryParam(request, 'provider') };
}

const UNKNOWN_PROVIDER = 'The link names an identity provider that this address does not have.';

/** The chosen provider, if there is one. Throws `ERR_BAD_REQUEST` for an unknown one. */
export function chosenProvider(providers: Providers, { provider: id }: SignInChoice): IdentityProvider | undefined {
  if (id === undefined) return undefined;
  const chosen = providers.find(id);
  if (chosen !== undefined) return chosen;
  throw new PosternError('ERR_BAD_REQUEST', 'no identity provider has this id', { text: UNKNOWN_PROVIDER });
}

/** The URL on a tunnel's host at which a sign-in starts that returns to a path. */
export function signInPath(base: BaseAddress, name: string, path: string, choice: SignInChoice): string {
  return `${tunnelOrigin(base, name)}/.postern/session?rd=${queryValue(path)}${choiceQuery(choice)}`;
}

/** The path of the base host at which a sign-in starts that returns to a path there. */
export function signInTo(path: string, account: SignInChoice['account'] = 'current'): string {
  return `/oauth2/start?rd=${queryValue(path)}${choiceQuery({ account })}`;
}

/** The choice as additional parameters of a query. */
export function choiceQuery({ account, provider }: SignInChoice): string {
  const other = account === 'other' ? '&switch=account' : '';
  return provider === undefined ? other : `${other}&provider=${encodeURIComponent(provider)}`;
}
