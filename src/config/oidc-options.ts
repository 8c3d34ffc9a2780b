/** The options of an edge about one identity provider: the only one, or the first. */
import { issuer } from './addresses.js';
import { clientKey } from './client-key.js';
import type { OptionTable } from './options.js';
import { emailDomains, emailVerification, foreignSecret, groups, identifier, scopes } from './values.js';

/** The rows, by their key in `config/edge.yaml`. */
export const OIDC_OPTIONS = {
  oidc_client_id: {
    env: 'POSTERN_OIDC_CLIENT_ID',
    placeholder: '<id>',
    required: 'expected the client id that the identity provider gave you',
    description:
      'The client id that the identity provider gave you; register <POSTERN_URL>/oauth2/callback there as the one redirect URI.',
    schema: identifier,
  },
  oidc_client_secret: {
    env: 'POSTERN_OIDC_CLIENT_SECRET',
    placeholder: '<secret>',
    secret: true,
    required: 'expected the client secret that the identity provider gave you, or POSTERN_OIDC_CLIENT_KEY instead',
    description: 'The client secret that the identity provider gave you.',
    schema: foreignSecret,
  },
  oidc_client_key: {
    env: 'POSTERN_OIDC_CLIENT_KEY',
    placeholder: '<key>',
    secret: true,
    description:
      'Instead of a client secret: a private key, PEM or JWK, whose public half the identity provider knows (private_key_jwt).',
    schema: clientKey,
  },
  oidc_issuer: {
    env: 'POSTERN_OIDC_ISSUER',
    placeholder: '<url>',
    default: 'https://accounts.google.com',
    description: 'The identity provider, found by OpenID Connect discovery; byte for byte as the provider spells it.',
    schema: issuer,
  },
  oidc_scopes: {
    env: 'POSTERN_OIDC_SCOPES',
    placeholder: '<words>',
    default: 'openid email profile',
    description: 'What the provider is asked for, separated by spaces.',
    schema: scopes,
  },
  oidc_groups_claim: {
    env: 'POSTERN_OIDC_GROUPS_CLAIM',
    placeholder: '<name>',
    default: 'groups',
    description: 'The claim that lists the groups of a visitor.',
    schema: identifier,
  },
  oidc_email_verified: {
    env: 'POSTERN_OIDC_EMAIL_VERIFIED',
    placeholder: '<policy>',
    default: 'required',
    description:
      'When an email address counts as verified: required (the claim email_verified is true) or accept-missing (also without the claim), for a provider that verifies every address but omits the claim.',
    schema: emailVerification,
  },
  oidc_domains: {
    env: 'POSTERN_OIDC_DOMAINS',
    placeholder: '<domains>',
    list: true,
    description:
      'Only addresses of these domains count from this provider, and from no other that does not name them too; without it all that no other names.',
    schema: emailDomains,
  },
  oidc_groups: {
    env: 'POSTERN_OIDC_GROUPS',
    placeholder: '<groups>',
    list: true,
    description:
      'Only these groups, and groups below them such as eng/web, count from this provider, and from no other that does not name them too; without it those that no other names.',
    schema: groups,
  },
} as const satisfies OptionTable;
