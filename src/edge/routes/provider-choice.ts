/**
 * The choice between several identity providers: a page of links that works without script, and the provider of the last sign-in,
 * which this browser remembers in a cookie of the base host.
 */
import type { IdentityProvider } from '../../auth/providers/identity-provider.js';
import type { Providers } from '../../auth/providers/providers.js';
import { cookieNames, cookieValues, setCookie } from '../../auth/session/cookies.js';
import type { BaseAddress } from '../../core/hostname.js';
import { HAND_OFF_SCRIPT_PATH, HAND_OFF_SCRIPT_VERSION } from '../replies/hand-off-script.js';
import type { Page } from '../replies/page.js';
import type { VisitRequest } from '../request/visit.js';

/** The visitor has to choose a provider. */
export interface ProviderChoice {
  readonly kind: 'choice';
  readonly page: Page;
}

/** The parameters of the start at which the visitor has to choose. */
export interface ChoiceFields {
  readonly returnTo: string | undefined;
  readonly nonceProof: string | undefined;
  readonly account: 'current' | 'other';
}

const REMEMBERED_SECONDS = 180 * 24 * 60 * 60;

/** The provider of the last sign-in in this browser; undefined when there was none, or when it is gone. */
export function rememberedProvider(
  providers: Providers,
  request: Pick<VisitRequest, 'header'>,
  isSecure: boolean,
): IdentityProvider | undefined {
  const [id] = cookieValues(request.header['cookie'], cookieNames(isSecure).provider);
  return id === undefined ? undefined : providers.find(id);
}

/** The `Set-Cookie` line that remembers a provider; none when there is no other. */
export function rememberProvider(providers: Providers, id: string, isSecure: boolean): readonly string[] {
  if (providers.only !== undefined) return [];
  const options = { secure: isSecure, maxAgeSeconds: REMEMBERED_SECONDS };
  return [setCookie(cookieNames(isSecure).provider, id, options)];
}

/** The page of all providers; `last` is the one of the last sign-in. Its script keeps the fragment of the URL. */
export function choiceOf(
  base: BaseAddress,
  { all }: Providers,
  fields: ChoiceFields,
  last: IdentityProvider | undefined,
): ProviderChoice {
  const items = all.map((provider) => ({
    label: provider.label,
    href: startPath(fields, provider.id),
    note: provider === last ? 'You signed in with this one last.' : new URL(provider.issuer).host,
  }));
  const script = {
    url: base.origin + HAND_OFF_SCRIPT_PATH,
    version: HAND_OFF_SCRIPT_VERSION,
    data: { choice: 'provider' },
    failure: [],
  };
  const blocks = [
    { kind: 'text', text: 'Choose where you have an account.' } as const,
    { kind: 'list', items } as const,
  ];
  return { kind: 'choice', page: { title: 'Sign in', blocks, facts: [], script } };
}

function startPath({ returnTo, nonceProof, account }: ChoiceFields, provider: string): string {
  const query = new URLSearchParams({
    ...(returnTo !== undefined && { rd: returnTo }),
    ...(nonceProof !== undefined && { nonce: nonceProof }),
    ...(account === 'other' && { switch: 'account' }),
    provider,
  });
  return `/oauth2/start?${query}`;
}
