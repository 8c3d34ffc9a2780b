/** Every option of one identity provider below `providers:` in `config/edge.yaml`; docs/providers.md has the same keys. */
import { issuer } from './addresses.js';
import { clientKey } from './client-key.js';
import type { OptionTable } from './options.js';
import { parsed, type Value } from './value.js';
import { emailDomains, emailVerification, foreignSecret, groups, identifier, scopes, withScope } from './values.js';

const MAX_LABEL_CHARS = 40;

const KINDS = ['oidc', 'github'] as const;

/** What a provider speaks: OpenID Connect, or OAuth 2.0 and the API of GitHub. */
export type ProviderKind = (typeof KINDS)[number];

const kind: Value<ProviderKind> = parsed(
  (text) => KINDS.find((known) => known === text),
  'a type of provider: expected oidc or github',
);

const label: Value<string> = parsed(
  (text) => (text.length <= MAX_LABEL_CHARS && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? text : undefined),
  `a label: expected at most ${MAX_LABEL_CHARS} visible characters`,
);

/** The rows, by their key. The variable of a secret has the id of the provider in it: `secretVariable`. */
export const PROVIDER_OPTIONS = {
  type: {
    placeholder: '<type>',
    default: 'oidc',
    description: 'oidc for OpenID Connect, or github.',
    schema: kind,
  },
  label: {
    placeholder: '<text>',
    description: 'What the page that offers the providers calls it.',
    schema: label,
  },
  issuer: {
    placeholder: '<url>',
    required: 'expected the issuer, such as https://accounts.google.com',
    description: 'As POSTERN_OIDC_ISSUER.',
    schema: issuer,
  },
  client_id: {
    placeholder: '<id>',
    required: 'expected the client id that the identity provider gave you',
    description: 'As POSTERN_OIDC_CLIENT_ID.',
    schema: identifier,
  },
  client_secret: {
    placeholder: '<secret>',
    secret: true,
    required: 'expected the client secret that the identity provider gave you',
    description: 'As POSTERN_OIDC_CLIENT_SECRET.',
    schema: foreignSecret,
  },
  client_key: {
    placeholder: '<key>',
    secret: true,
    description: 'As POSTERN_OIDC_CLIENT_KEY.',
    schema: clientKey,
  },
  scopes: {
    placeholder: '<words>',
    default: 'openid email profile',
    description: 'As POSTERN_OIDC_SCOPES.',
    schema: scopes,
  },
  groups_claim: {
    placeholder: '<name>',
    default: 'groups',
    description: 'As POSTERN_OIDC_GROUPS_CLAIM.',
    schema: identifier,
  },
  email_verified: {
    placeholder: '<policy>',
    default: 'required',
    description: 'As POSTERN_OIDC_EMAIL_VERIFIED.',
    schema: emailVerification,
  },
  domains: {
    placeholder: '<domains>',
    list: true,
    description: 'As POSTERN_OIDC_DOMAINS.',
    schema: emailDomains,
  },
  groups: {
    placeholder: '<groups>',
    list: true,
    description: 'As POSTERN_OIDC_GROUPS.',
    schema: groups,
  },
} as const satisfies OptionTable;

/** What is wrong with an option that means nothing at GitHub. */
export const GITHUB_HAS_NONE = 'GitHub has no such option';

/** The same rows where they differ for GitHub, which knows a client by its secret only. */
export const GITHUB_OPTIONS = {
  ...PROVIDER_OPTIONS,
  issuer: { ...PROVIDER_OPTIONS.issuer, default: 'https://github.com' },
  client_key: {
    ...PROVIDER_OPTIONS.client_key,
    schema: PROVIDER_OPTIONS.client_key.schema.refine(() => false, GITHUB_HAS_NONE),
  },
  scopes: { ...PROVIDER_OPTIONS.scopes, default: 'user:email read:org', schema: withScope('user:email') },
} as const satisfies OptionTable;

/** The options that mean nothing at GitHub, which proves no domain and has no claims. */
export const NOT_AT_GITHUB = ['groups_claim', 'email_verified', 'domains'] as const;

/** The options of a provider that are secrets, and so have a variable. */
export const SECRETS = ['client_secret', 'client_key'] as const;

/** The variable that holds a secret of the provider with this id. */
export function secretVariable(id: string, key: (typeof SECRETS)[number]): string {
  return `POSTERN_PROVIDER_${id.toUpperCase().replaceAll('-', '_')}_${key.toUpperCase()}`;
}

/** Whether a variable may hold a secret of a provider, or name the file that does. */
export function isSecretVariable(name: string): boolean {
  return /^POSTERN_PROVIDER_[A-Z0-9_]+_CLIENT_(?:SECRET|KEY)(?:_FILE)?$/.test(name);
}
