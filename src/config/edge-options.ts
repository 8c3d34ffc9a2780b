/** Every option of an edge, one row each. `.env.example` and `--help` have the same texts; a test compares them. */
import { baseAddress, listenAddress, networks } from './addresses.js';
import { endpoints } from './endpoints.js';
import { OIDC_OPTIONS } from './oidc-options.js';
import type { OptionTable } from './options.js';
import { PEER_OPTIONS } from './peer-options.js';
import { storeUrl } from './store-url.js';
import { TLS_OPTIONS } from './tls-options.js';
import { collector, collectorHeaders, ratio } from './traces.js';
import {
  administrators,
  agentRules,
  agentTtl,
  auditPolicy,
  ceiling,
  clientTtl,
  destination,
  duration,
  folder,
  logLevel,
  path,
  secrets,
  toggle,
  workers,
} from './values.js';

/** The rows, by their key in `config/edge.yaml`. */
export const EDGE_OPTIONS = {
  url: {
    env: 'POSTERN_URL',
    placeholder: '<url>',
    default: 'http://localhost:8080',
    description: 'The base URL as visitors see it; a tunnel lives at <name>. in front of its host.',
    schema: baseAddress,
  },
  secret: {
    env: 'POSTERN_SECRET',
    placeholder: '<secret>',
    secret: true,
    required: 'expected 32 bytes or more, such as "openssl rand -base64 32" prints',
    description:
      'Seals cookies, tickets and tokens: 32 bytes or more, as "openssl rand -base64 32" prints; "new,old" rotates.',
    schema: secrets,
  },
  ...OIDC_OPTIONS,
  allow: {
    env: 'POSTERN_ALLOW',
    placeholder: '<rules>',
    list: true,
    description:
      'The ceiling, rules separated by commas such as @acme.com,ana@acme.com,group:eng: no tunnel may let in more; without it each tunnel decides.',
    schema: ceiling,
  },
  admins: {
    env: 'POSTERN_ADMINS',
    placeholder: '<rules>',
    list: true,
    description:
      'Who may see and change the access to every tunnel, rules separated by commas such as ops@acme.com,group:ops; without it each owner only their own.',
    schema: administrators,
  },
  agents: {
    env: 'POSTERN_AGENTS',
    placeholder: '<rules>',
    list: true,
    description:
      'Who may sign agents in with "postern login", rules separated by commas such as @acme.com; without it nobody.',
    schema: agentRules,
  },
  agent_ttl: {
    env: 'POSTERN_AGENT_TTL',
    placeholder: '<duration>',
    default: '7d',
    description: 'How long the access token of an agent that has signed in is valid; the agent renews it by itself.',
    schema: agentTtl,
  },
  client_ttl: {
    env: 'POSTERN_CLIENT_TTL',
    placeholder: '<duration>',
    default: '7d',
    description:
      'How long an OAuth client, such as an MCP client, may act for a person at a tunnel with oauth_resource until the person has to sign in again.',
    schema: clientTtl,
  },
  client_registration: {
    env: 'POSTERN_CLIENT_REGISTRATION',
    placeholder: '[true|false]',
    default: 'false',
    description:
      'Whether OAuth clients without a metadata document may register themselves, under a name that nobody has checked.',
    schema: toggle,
  },
  listen: {
    env: 'POSTERN_LISTEN',
    placeholder: '<addresses>',
    list: true,
    description:
      'Where the front door listens, separated by commas: host:port, https://host:port, unix:/path, or systemd for the sockets that it hands over. Without it 127.0.0.1:8080, or with a certificate https://*:443,http://*:80.',
    schema: endpoints,
  },
  ...TLS_OPTIONS,
  admin_listen: {
    env: 'POSTERN_ADMIN_LISTEN',
    placeholder: '<host:port>',
    default: '127.0.0.1:9090',
    description: 'Where /healthz, /readyz and /metrics are served; keep it private.',
    schema: listenAddress,
  },
  trust_proxy: {
    env: 'POSTERN_TRUST_PROXY',
    placeholder: '<addresses>',
    list: true,
    description:
      'Addresses or networks whose X-Forwarded-* is trusted, separated by commas: those of the program that ends TLS.',
    schema: networks,
  },
  session_ttl: {
    env: 'POSTERN_SESSION_TTL',
    placeholder: '<duration>',
    default: '12h',
    description: 'How long a sign-in lasts at most.',
    schema: duration,
  },
  session_idle: {
    env: 'POSTERN_SESSION_IDLE',
    placeholder: '<duration>',
    default: '2h',
    description: 'How long a sign-in lasts without a request.',
    schema: duration,
  },
  upload_idle: {
    env: 'POSTERN_UPLOAD_IDLE',
    placeholder: '<duration>',
    description: 'How long an app may read nothing of an upload before the visitor gets 504; without it no limit.',
    schema: duration,
  },
  public: {
    env: 'POSTERN_PUBLIC',
    placeholder: '[true|false]',
    default: 'false',
    description: 'Whether a tunnel may do without sign-in.',
    schema: toggle,
  },
  state_dir: {
    env: 'POSTERN_STATE_DIR',
    placeholder: '<path>',
    description:
      'A folder for this edge alone that keeps what is decided while it runs (sign-outs, grants, revoked tokens, owners of names); it is made where there is none. Without it a restart forgets all that.',
    schema: folder,
  },
  store_url: {
    env: 'POSTERN_STORE_URL',
    placeholder: '<url>',
    secret: true,
    description:
      'The Redis that several edges share, instead of a folder: redis://user:password@host:6379, rediss:// (TLS), redis+unix:///path or redis+sentinel://host1,host2/name.',
    schema: storeUrl,
  },
  store_grace: {
    env: 'POSTERN_STORE_GRACE',
    placeholder: '<duration>',
    default: '5m',
    description:
      'How long visitors who are signed in go on while Redis cannot be reached; sign-outs elsewhere count later.',
    schema: duration,
  },
  drain: {
    env: 'POSTERN_DRAIN',
    placeholder: '<duration>',
    default: '30s',
    description: 'How long what runs may take to finish once the edge is told to stop.',
    schema: duration,
  },
  ...PEER_OPTIONS,
  workers: {
    env: 'POSTERN_WORKERS',
    placeholder: '<number>',
    default: '1',
    description: 'How many processes serve visitors and agents: one for each core of the machine uses all of it.',
    schema: workers,
  },
  access_tokens: {
    env: 'POSTERN_ACCESS_TOKENS',
    placeholder: '[true|false]',
    default: 'false',
    description: 'Whether owners may make access tokens, with which machines open a tunnel without sign-in.',
    schema: toggle,
  },
  public_paths: {
    env: 'POSTERN_PUBLIC_PATHS',
    placeholder: '[true|false]',
    default: 'false',
    description: 'Whether a tunnel may admit requests for paths that it names, and CORS preflights, without sign-in.',
    schema: toggle,
  },
  revoked_tokens: {
    env: 'POSTERN_REVOKED_TOKENS',
    placeholder: '<path>',
    description:
      'A file with the ids of tokens that are no longer valid, one on a line: their links end within five seconds.',
    schema: path,
  },
  log_level: {
    env: 'POSTERN_LOG_LEVEL',
    placeholder: '<level>',
    default: 'info',
    description: 'How much is logged: debug, info, warn or error.',
    schema: logLevel,
  },
  audit_log: {
    env: 'POSTERN_AUDIT_LOG',
    placeholder: '<path>',
    default: '-',
    description: 'Where audit records go: - for standard output, else a file that is appended to.',
    schema: destination,
  },
  audit: {
    env: 'POSTERN_AUDIT',
    placeholder: '<policy>',
    default: 'best-effort',
    description:
      'What happens while audit records cannot be written: best-effort (they wait, then they are dropped and counted) or require (no visitor is admitted).',
    schema: auditPolicy,
  },
  otel_exporter_otlp_endpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    placeholder: '<url>',
    description: 'The collector that traces are sent to, OTLP over HTTP; without it requests are not traced.',
    schema: collector,
  },
  otel_exporter_otlp_headers: {
    env: 'OTEL_EXPORTER_OTLP_HEADERS',
    placeholder: '<headers>',
    secret: true,
    description: 'Headers for the collector, name=value separated by commas, such as its key.',
    schema: collectorHeaders,
  },
  otel_traces_sampler_arg: {
    env: 'OTEL_TRACES_SAMPLER_ARG',
    placeholder: '<ratio>',
    default: '1',
    description: 'The share of requests that are traced where their caller says nothing, from 0 to 1.',
    schema: ratio,
  },
} as const satisfies OptionTable;
