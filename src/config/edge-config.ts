/** The configuration of an edge: read once, checked as a whole, then passed as an argument. */
import type { BaseAddress } from '../core/hostname.js';
import type { Rule } from '../core/rule.js';
import { type AcmeConfig, acmeProblems, toAcme } from './acme.js';
import { isOpenToAll, type ListenAddress } from './addresses.js';
import { withOneCredential } from './client-credential.js';
import { ConfigError } from './config-error.js';
import { EDGE_OPTIONS } from './edge-options.js';
import { type Endpoint, endpoints } from './endpoints.js';
import { readDotenv, readEnvironment } from './environment.js';
import { fileKeys, type ValuesOf } from './options.js';
import { type PeerConfig, peerProblems, toPeer } from './peer-options.js';
import { type ProviderConfig, type ProviderLayers, readProviders, withoutFlat } from './provider-config.js';
import { isSet, type Layers, readOptions } from './resolve.js';
import type { Sources } from './sources.js';
import type { StoreUrl } from './store-url.js';
import { readHeaders } from './traces.js';
import type { LogLevel } from './values.js';
import { asYamlMap, readEntries, readYaml, withoutKeys } from './yaml-file.js';

/** The configuration of an edge. */
export interface EdgeConfig {
  readonly base: BaseAddress;
  /** At least one. */
  readonly listen: readonly Endpoint[];
  /** The paths of certificate and key; undefined when TLS ends elsewhere. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Undefined when the edge obtains no certificates. */
  readonly acme: AcmeConfig | undefined;
  readonly adminListen: ListenAddress;
  /** Newest first; at least one. */
  readonly secrets: readonly string[];
  /** At least one; the first is that of the flat options, if there is one. */
  readonly providers: readonly ProviderConfig[];
  /** The ceiling; undefined when the operator set none. */
  readonly allow: readonly Rule[] | undefined;
  /** Who may act for the owner of any tunnel. */
  readonly admins: readonly Rule[];
  /** Who may sign agents in; undefined when the operator set none: no account may. */
  readonly agents: readonly Rule[] | undefined;
  /** Lifetime of the access tokens of agents that have signed in. */
  readonly agentTtlMs: number;
  /** Lifetime of the sign-ins at OAuth clients of visitors. */
  readonly clientTtlMs: number;
  /** Whether OAuth clients may register themselves. */
  readonly clientRegistration: boolean;
  readonly sessionTtlMs: number;
  readonly sessionIdleMs: number;
  /** How long an app may read nothing of what a visitor sends; undefined for no limit. */
  readonly uploadIdleMs: number | undefined;
  /** IP addresses and networks in CIDR notation. */
  readonly trustProxy: readonly string[];
  readonly publicPermitted: boolean;
  /** A path; undefined when a restart may forget what was decided. */
  readonly stateDir: string | undefined;
  /** The store that several edges share; undefined for one of this edge alone. */
  readonly store: StoreUrl | undefined;
  /** How long a copy of the shared store counts while it is away. */
  readonly storeGraceMs: number;
  /** How long running requests may take to finish once the edge stops. */
  readonly drainMs: number;
  /** Where other nodes reach this one; undefined where tunnels are not shared. */
  readonly peer: PeerConfig | undefined;
  /** How many processes serve; one needs no supervisor. */
  readonly workers: number;
  /** What tunnels may admit without a session. */
  readonly permits: {
    /** Public paths and CORS preflights. */
    readonly publicPaths: boolean;
    readonly accessTokens: boolean;
  };
  /** A path; undefined when no token can be revoked. */
  readonly revokedTokens: string | undefined;
  /** Where traces go; undefined when no request is traced. */
  readonly traces:
    | {
        readonly endpoint: string;
        readonly headers: Readonly<Record<string, string>>;
        readonly ratio: number;
      }
    | undefined;
  readonly logLevel: LogLevel;
  /** A path, or `-` for standard output. */
  readonly auditLog: string;
  /** Whether no visitor is admitted while audit records cannot be written. */
  readonly auditRequired: boolean;
}

type EdgeValues = ValuesOf<typeof EDGE_OPTIONS>;

/** Reads the configuration of an edge; throws `ConfigError` with every problem. */
export function loadEdgeConfig(sources: Sources): EdgeConfig {
  const problems: string[] = [];
  const layers = edgeLayers(sources, problems);
  const table = withOneCredential(withoutFlat(EDGE_OPTIONS, layers), 'oidc_', layers, problems);
  const values = readOptions(table, layers, problems);
  const providers = readProviders(values, layers, problems);
  checkListeners(values, problems);
  checkTls(values, problems);
  checkExternalAccount(layers, problems);
  problems.push(...acmeProblems(values));
  checkStore(values, problems);
  problems.push(...peerProblems(values, isSet('store_url', EDGE_OPTIONS.store_url, layers)));
  checkAgents(values, providers, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return toEdgeConfig(values as EdgeValues, providers, sources.env); // without problems nothing is missing
}

/** The sources of an edge's options; their problems are added to `problems`. */
export function edgeLayers(sources: Sources, problems: string[]): ProviderLayers {
  const { env, dotenv, flags, file, readSecretFile } = sources;
  const environments = [readEnvironment(env, problems), readDotenv(dotenv, problems)];
  const place = { name: file?.path ?? '', path: file?.path ?? '' };
  const before = problems.length;
  const map = readYaml(file, problems);
  const isFileBroken = problems.length > before;
  const providers = asYamlMap(map.get('providers') ?? null, `providers in ${place.name}`, problems);
  const entries = readEntries(withoutKeys(map, 'providers'), fileKeys(EDGE_OPTIONS), place, problems);
  return { flags, environments, file: entries, isFileBroken, readSecretFile, providers, path: place.path };
}

function checkListeners(values: Partial<EdgeValues>, problems: string[]): void {
  const { admin_listen: admin } = values;
  if (admin === undefined || admin.port === 0) return;
  const isAdmin = (one: Endpoint) => one.kind === 'tcp' && one.port === admin.port && one.host === admin.host;
  if (!listenOf(values).some(isAdmin)) return;
  problems.push('POSTERN_ADMIN_LISTEN and POSTERN_LISTEN are the same address: expected two different ones.');
}

function checkTls({ url, listen, acme, tls_cert: cert, tls_key: key }: Partial<EdgeValues>, problems: string[]): void {
  if ((cert === undefined) !== (key === undefined))
    problems.push('POSTERN_TLS_CERT and POSTERN_TLS_KEY belong together: expected both, or neither.');
  const secure = listen?.filter(({ scheme }) => scheme === 'https') ?? [];
  const source = cert !== undefined ? 'POSTERN_TLS_CERT' : acme === true ? 'POSTERN_ACME=on' : undefined;
  if (secure.length > 0 && source === undefined)
    problems.push(
      `POSTERN_LISTEN: ${secure[0]?.text} needs a certificate: expected POSTERN_TLS_CERT and POSTERN_TLS_KEY, or POSTERN_ACME=on.`,
    );
  if (listen !== undefined && secure.length === 0 && source !== undefined)
    problems.push(
      `${source} is for an address with TLS: expected one in POSTERN_LISTEN that begins with https:// or https+systemd.`,
    );
  if (url?.scheme === 'http' && (secure.length > 0 || cert !== undefined))
    problems.push(
      'POSTERN_URL begins with http://, but the edge is to speak HTTPS: expected the https URL that visitors use.',
    );
}

function checkExternalAccount(layers: Layers, problems: string[]): void {
  const { acme_eab_kid: kid, acme_eab_key: key } = EDGE_OPTIONS;
  if (isSet('acme_eab_kid', kid, layers) !== isSet('acme_eab_key', key, layers))
    problems.push('POSTERN_ACME_EAB_KID and POSTERN_ACME_EAB_KEY belong together: expected both, or neither.');
}

function checkStore({ store_url: url, state_dir: folder }: Partial<EdgeValues>, problems: string[]): void {
  if (url === undefined || folder === undefined) return;
  problems.push('POSTERN_STORE_URL and POSTERN_STATE_DIR are two places for the same: expected one of them.');
}

function checkAgents({ agents }: Partial<EdgeValues>, providers: readonly ProviderConfig[], problems: string[]): void {
  if (!agents?.some(({ kind }) => kind === 'anyone')) return;
  const open = providers.find(({ kind, issuer }) => kind === 'github' || isOpenToAll(issuer));
  if (open === undefined) return;
  problems.push(
    `POSTERN_AGENTS: "*" is not for the issuer ${open.issuer}, where anyone can have an account: expected rules such as @acme.com.`,
  );
}

const PLAIN = defaultEndpoints('127.0.0.1:8080');
const SECURE = defaultEndpoints('https://*:443,http://*:80');

function defaultEndpoints(text: string): readonly Endpoint[] {
  return endpoints.read(text).value ?? [];
}

function listenOf({ listen, acme, tls_cert: cert }: Partial<EdgeValues>): readonly Endpoint[] {
  return listen ?? (cert === undefined && acme !== true ? PLAIN : SECURE);
}

function toEdgeConfig(values: EdgeValues, providers: readonly ProviderConfig[], env: Sources['env']): EdgeConfig {
  const { tls_cert: cert, tls_key: key } = values;
  const tls = cert === undefined || key === undefined ? undefined : { cert, key };
  return {
    base: values.url,
    listen: listenOf(values),
    tls,
    acme: toAcme(values, env),
    adminListen: values.admin_listen,
    secrets: values.secret,
    providers,
    allow: values.allow,
    admins: values.admins ?? [],
    agents: values.agents,
    agentTtlMs: values.agent_ttl,
    clientTtlMs: values.client_ttl,
    clientRegistration: values.client_registration,
    sessionTtlMs: values.session_ttl,
    sessionIdleMs: values.session_idle,
    uploadIdleMs: values.upload_idle,
    trustProxy: values.trust_proxy ?? [],
    publicPermitted: values.public,
    stateDir: values.state_dir,
    store: values.store_url,
    storeGraceMs: values.store_grace,
    drainMs: values.drain,
    peer: toPeer(values),
    workers: values.workers,
    permits: { publicPaths: values.public_paths, accessTokens: values.access_tokens },
    revokedTokens: values.revoked_tokens,
    traces: toTraces(values),
    logLevel: values.log_level,
    auditLog: values.audit_log,
    auditRequired: values.audit === 'require',
  };
}

function toTraces(values: EdgeValues): EdgeConfig['traces'] {
  const { otel_exporter_otlp_endpoint: endpoint, otel_exporter_otlp_headers: headers } = values;
  if (endpoint === undefined) return undefined;
  return { endpoint, headers: readHeaders(headers ?? '') ?? {}, ratio: values.otel_traces_sampler_arg };
}
