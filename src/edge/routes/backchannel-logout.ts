/**
 * Sign-outs that a provider starts (OpenID Connect Back-Channel Logout 1.0): it posts a logout token, and the sessions that it names
 * end on all hosts, with what is open. A path for each provider, as of its redirect URI.
 */
import { accountKey, providerSessionTag } from '../../auth/identity/identity.js';
import type { IdentityProvider } from '../../auth/providers/identity-provider.js';
import type { LogoutToken } from '../../auth/providers/logout-token.js';
import type { Providers } from '../../auth/providers/providers.js';
import type { EndedAccounts } from '../../auth/session/ended-accounts.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { Redemptions } from '../../store/redemptions.js';
import type { Observer } from '../ops/observer.js';
import type { Everyone } from '../people/everyone.js';
import { emptyReply, jsonReply } from '../replies/reply.js';
import { isRepeatable, MAX_SMALL_FORM_BYTES, readForm } from '../replies/repost.js';
import type { AttemptLimit } from '../request/attempts.js';
import type { Reply, Visit } from '../request/visit.js';
import type { RouteTable } from './route.js';

export interface BackchannelLogoutOptions {
  readonly providers: Providers;
  readonly endedAccounts: Pick<EndedAccounts, 'end' | 'endProviderSession'>;
  readonly everyone: Pick<Everyone, 'leave'>;
  readonly redemptions: Pick<Redemptions, 'isRedeemed' | 'redeem'>;
  /** Limits the tokens of one address that are not valid. */
  readonly limit: AttemptLimit;
  readonly observer: Observer;
}

/** `/oauth2/callback/x` has `/oauth2/backchannel_logout/x` beside it. */
export function logoutPath({ callbackPath }: Pick<IdentityProvider, 'callbackPath'>): string {
  return callbackPath.replace(/^\/oauth2\/callback/, '/oauth2/backchannel_logout');
}

export function backchannelLogoutRoutes(options: BackchannelLogoutOptions): RouteTable {
  return options.providers.all
    .filter((provider) => provider.readLogoutToken !== undefined)
    .map((provider) => ['post', logoutPath(provider), (visit) => replyTo(options, provider, visit)] as const);
}

async function replyTo(options: BackchannelLogoutOptions, provider: IdentityProvider, visit: Visit): Promise<Reply> {
  try {
    await logOut(options, provider, visit);
    return { ...emptyReply(), status: 200 };
  } catch (thrown) {
    const error = asPosternError(thrown);
    options.observer.emit({ kind: 'visit-failed', visit, error });
    const body = { error: 'invalid_request', error_description: 'The logout token was refused.' };
    const status = error.status === 503 || error.status === 429 ? error.status : 400; // section 2.8
    return { ...jsonReply(body), status, error: error.code };
  }
}

async function logOut(options: BackchannelLogoutOptions, provider: IdentityProvider, visit: Visit): Promise<void> {
  const { limit, redemptions } = options;
  await limit.count(visit.address);
  const token = await provider.readLogoutToken?.(await readToken(visit));
  if (token === undefined) throw new PosternError('ERR_LOGIN_FAILED', 'the provider sends no logout tokens');
  await limit.refund(visit.address);
  const id = `logout ${provider.id} ${token.id}`;
  if (await redemptions.isRedeemed(id)) throw presentedBefore(); // it would end the sessions of later sign-ins
  // First, so that the provider may present it again when the store fails.
  await end(options, provider, token, visit);
  if (!(await redemptions.redeem(id, token.expiresAtMs))) throw presentedBefore();
}

function presentedBefore(): PosternError {
  return new PosternError('ERR_LOGIN_FAILED', 'the logout token was already presented');
}

async function readToken(visit: Visit): Promise<string> {
  const fields = isRepeatable(visit) ? await readForm(visit, MAX_SMALL_FORM_BYTES) : undefined;
  const values = fields?.filter(([name]) => name === 'logout_token') ?? [];
  const [[, token] = []] = values;
  if (token !== undefined && values.length === 1) return token;
  throw new PosternError('ERR_LOGIN_FAILED', 'there is no form with one logout_token');
}

async function end(
  { endedAccounts, everyone, observer }: BackchannelLogoutOptions,
  { issuer }: IdentityProvider,
  { subject, sid }: LogoutToken,
  visit: Visit,
): Promise<void> {
  const providerSession = sid === undefined ? undefined : providerSessionTag(issuer, sid);
  if (providerSession !== undefined) await endedAccounts.endProviderSession(providerSession);
  else if (subject !== undefined) {
    await endedAccounts.end({ issuer, subject });
    everyone.leave(accountKey({ issuer, subject }));
  }
  observer.emit({ kind: 'provider-signed-out', asker: visit, whom: { issuer, subject, providerSession } });
}
