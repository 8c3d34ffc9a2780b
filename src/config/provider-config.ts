/**
 * The identity providers of an edge: the one of the flat options `oidc_*`, and those below `providers:` in the file. The first
 * is the flat one, if there is one.
 */
import { isEntra, isOfAllTenants } from '../core/entra.js';
import type { EmailVerification } from '../core/rule.js';
import { isOpenToAll } from './addresses.js';
import { withOneCredential, withoutRequired } from './client-credential.js';
import type { ClientKey } from './client-key.js';
import type { EDGE_OPTIONS } from './edge-options.js';
import type { OptionTable, ValuesOf } from './options.js';
import {
  GITHUB_HAS_NONE,
  GITHUB_OPTIONS,
  isSecretVariable,
  NOT_AT_GITHUB,
  PROVIDER_OPTIONS,
  type ProviderKind,
  SECRETS,
  secretVariable,
} from './provider-options.js';
import { type Layers, readOptions } from './resolve.js';
import type { Entries, Entry } from './sources.js';
import { quoted } from './text.js';
import { asYamlMap, readEntries, type YamlMap } from './yaml-file.js';

export interface ProviderConfig {
  /** Names it in URLs and in sign-ins that are under way; `oidc` for the flat options. */
  readonly id: string;
  readonly kind: ProviderKind;
  /** What visitors read; undefined when the issuer has to do. */
  readonly label: string | undefined;
  readonly issuer: string;
  readonly clientId: string;
  /** Either it or the key is there. */
  readonly clientSecret: string | undefined;
  readonly clientKey: ClientKey | undefined;
  /** Separated by spaces. */
  readonly scopes: string;
  readonly groupsClaim: string;
  readonly emailVerified: EmailVerification;
  /** Canonical: addresses of these domains, and no others, count from this provider, and from none that does not name them. */
  readonly domains: readonly string[];
  /** The same for groups. */
  readonly groups: readonly string[];
}

/** The id of the provider of the flat options. */
export const FLAT_ID = 'oidc';

const MAX_PROVIDERS = 10;
const ID = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,19}$/;
const KEYS: ReadonlySet<string> = new Set([...Object.keys(PROVIDER_OPTIONS), ...SECRETS.map((key) => `${key}_file`)]);

type FlatValues = Partial<ValuesOf<typeof EDGE_OPTIONS>>;

/** The path of a provider's redirect URI on the base host: one for each against mix-up (RFC 9700 section 4.4). */
export function callbackPath(id: string): string {
  return id === FLAT_ID ? '/oauth2/callback' : `/oauth2/callback/${id}`;
}

/** Where options of providers are read from. */
export interface ProviderLayers extends Layers {
  /** The mapping `providers:` of the file; empty when there is none. */
  readonly providers: YamlMap;
  /** The path of the file. */
  readonly path: string;
}

/** The options of an edge as they are where there are other providers than the flat one: its options are not required. */
export function withoutFlat<Table extends OptionTable>(table: Table, { providers }: ProviderLayers): Table {
  return providers.size === 0 ? table : withoutRequired(table, (key) => key.startsWith('oidc_')); // `readProviders` says what is missing
}

/** Reads every provider. Problems are added to `problems`. */
export function readProviders(flat: FlatValues, layers: ProviderLayers, problems: string[]): readonly ProviderConfig[] {
  const { providers: listed } = layers;
  const others = [...listed].flatMap(([key, value]) => readProvider(key, value, layers, problems) ?? []);
  if (listed.size > 0) checkFlat(flat, problems);
  checkVariables(layers, problems);
  const all = [...flatProvider(flat), ...others];
  if (listed.size >= MAX_PROVIDERS)
    problems.push(`providers: there are too many: expected less than ${MAX_PROVIDERS}.`);
  for (const provider of all) checkEmailVerification(provider, problems);
  for (const provider of all) checkKind(provider, problems);
  for (const provider of all) checkTenant(provider, problems);
  checkIssuers(all, problems);
  return all;
}

function flatProvider(flat: FlatValues): readonly ProviderConfig[] {
  const { oidc_client_id: clientId, oidc_client_secret: clientSecret, oidc_client_key: clientKey } = flat;
  const { oidc_issuer: issuer, oidc_scopes: scopes, oidc_domains: domains = [] } = flat;
  const { oidc_groups_claim: groupsClaim, oidc_groups: groups = [], oidc_email_verified: emailVerified } = flat;
  if (clientId === undefined || (clientSecret ?? clientKey) === undefined || issuer === undefined) return [];
  if (scopes === undefined || groupsClaim === undefined || emailVerified === undefined) return [];
  const client = { issuer, clientId, clientSecret, clientKey, scopes, groupsClaim, emailVerified, domains, groups };
  return [{ id: FLAT_ID, kind: 'oidc', label: undefined, ...client }];
}

function checkFlat(flat: FlatValues, problems: string[]): void {
  const { oidc_client_id: id, oidc_client_secret: secret, oidc_client_key: key } = flat;
  if ((id === undefined) === ((secret ?? key) === undefined)) return;
  const credential = key === undefined ? 'SECRET' : 'KEY';
  const [set, unset] = id === undefined ? [credential, 'ID'] : ['ID', credential];
  problems.push(`POSTERN_OIDC_CLIENT_${set} is set, and POSTERN_OIDC_CLIENT_${unset} is not: expected both or none.`);
}

function readProvider(
  key: unknown,
  value: unknown,
  layers: ProviderLayers,
  problems: string[],
): ProviderConfig | undefined {
  const { path } = layers;
  const id = typeof key === 'string' ? key : JSON.stringify(key);
  const place = { name: `provider ${quoted(id)} in ${path}`, path };
  if (!ID.test(id) || id === FLAT_ID) {
    problems.push(`${place.name}: expected an id of a-z, 0-9 and -, 20 characters at most, other than "${FLAT_ID}".`);
    return undefined;
  }
  const given = readEntries(asYamlMap(value, place.name, problems), KEYS, place, problems);
  const isGitHub = given.get('type')?.text.trim() === 'github';
  const named = isGitHub ? ['client_id'] : ['issuer', 'client_id'];
  const missing = named.map((name) => [name, { text: '', origin: `${name} of ${place.name}` }] as const);
  const before = problems.length;
  if (isGitHub) checkGitHub(given, problems);
  const ownLayers = { ...layers, flags: {}, file: new Map<string, Entry>([...missing, ...given]) };
  const table = withVariables(isGitHub ? GITHUB_OPTIONS : PROVIDER_OPTIONS, id);
  const values = readOptions(withOneCredential(table, '', ownLayers, problems), ownLayers, problems);
  return problems.length > before ? undefined : toProvider(id, values as ValuesOf<typeof PROVIDER_OPTIONS>);
}

function withVariables<Table extends typeof PROVIDER_OPTIONS | typeof GITHUB_OPTIONS>(table: Table, id: string) {
  const secrets = SECRETS.map((key) => [key, { ...table[key], env: secretVariable(id, key) }]);
  return { ...table, ...Object.fromEntries(secrets) } as Table;
}

function checkGitHub(given: Entries, problems: string[]): void {
  for (const key of NOT_AT_GITHUB) {
    const entry = given.get(key);
    if (entry !== undefined) problems.push(`${entry.origin}: ${GITHUB_HAS_NONE}.`);
  }
}

function toProvider(id: string, values: ValuesOf<typeof PROVIDER_OPTIONS>): ProviderConfig {
  return {
    id,
    kind: values.type,
    label: values.label,
    issuer: values.issuer,
    clientId: values.client_id,
    clientSecret: values.client_secret,
    clientKey: values.client_key,
    scopes: values.scopes,
    groupsClaim: values.groups_claim,
    emailVerified: values.email_verified,
    domains: values.domains ?? [],
    groups: values.groups ?? [],
  };
}

// A variable with a mistyped id would leave its provider without a secret, or be left over from one.
function checkVariables({ environments, providers, isFileBroken }: ProviderLayers, problems: string[]): void {
  if (isFileBroken) return;
  const variables = (id: unknown) => SECRETS.map((key) => secretVariable(String(id), key));
  const known = new Set([...providers.keys()].flatMap(variables));
  for (const entries of environments) {
    for (const [name, { origin }] of entries) {
      if (!isSecretVariable(name) || known.has(name.replace(/_FILE$/, ''))) continue;
      problems.push(`${origin} is for no provider below "providers:" in the file of options.`);
    }
  }
}

function checkEmailVerification({ id, issuer, emailVerified }: ProviderConfig, problems: string[]): void {
  const { hostname } = new URL(issuer);
  if (emailVerified !== 'accept-missing' || !(isOpenToAll(issuer) || isEntra(hostname))) return;
  const option = id === FLAT_ID ? 'POSTERN_OIDC_EMAIL_VERIFIED' : `email_verified of provider "${id}"`;
  const remedy = isEntra(hostname)
    ? 'required, and the optional claim xms_edov for the application at Entra'
    : 'required';
  problems.push(
    `${option}: accept-missing is not for the issuer ${issuer}, whose accounts may have unverified addresses: expected ${remedy}.`,
  );
}

function checkKind({ id, kind, issuer }: ProviderConfig, problems: string[]): void {
  if (kind !== 'oidc' || new URL(issuer).hostname !== 'github.com') return;
  const option = id === FLAT_ID ? 'POSTERN_OIDC_ISSUER' : `issuer of provider "${id}"`;
  problems.push(`${option}: GitHub does not speak OpenID Connect: expected it below "providers:" with "type: github".`);
}

// Whose accounts and groups they are, an administrator of any organisation would decide: of roles that rules name too.
function checkTenant({ id, issuer }: ProviderConfig, problems: string[]): void {
  if (!isOfAllTenants(new URL(issuer))) return;
  const option = id === FLAT_ID ? 'POSTERN_OIDC_ISSUER' : `issuer of provider "${id}"`;
  problems.push(
    `${option}: ${issuer} is for the accounts of all organisations: expected that of one, with its tenant id in the path.`,
  );
}

// An account is issuer and subject, and a provider may give another subject to each of its clients.
function checkIssuers(all: readonly ProviderConfig[], problems: string[]): void {
  const issuers = all.map(({ issuer }) => issuer.replace(/\/$/, ''));
  for (const [at, { id }] of all.entries()) {
    const first = issuers.indexOf(issuers[at] as string); // of this list
    if (first < at) problems.push(`The providers "${all[first]?.id}" and "${id}" have one issuer: expected each once.`);
  }
}
