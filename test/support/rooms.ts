/**
 * The plan of `src/`: its rooms, their wings, and what each may import. `architecture.test.ts` holds the source to it, and
 * CONTRIBUTING has it as a map.
 */

export interface Room {
  /** What belongs here, in a few words. */
  readonly holds: string;
  /** The other rooms it may import from, or single wings of theirs. */
  readonly imports: readonly string[];
  /** The folders of the room. A room without wings is one flat folder. */
  readonly wings?: Readonly<Record<string, Wing>>;
  /** Of a room with wings, the files that lie beside them and the wings that may not import them: all others compose. */
  readonly shared?: readonly string[];
}

export interface Wing {
  readonly holds: string;
  /** The other wings of the same room that it may import from. */
  readonly imports: readonly string[];
}

const LOWEST = ['core', 'http', 'errors.ts'];
const MIDDLE = [...LOWEST, 'config', 'link', 'auth', 'store'];

const HTTP2: Readonly<Record<string, Wing>> = {
  frame: { holds: 'frames as bytes: sections 4, 6 and 7 of RFC 9113, and SETTINGS', imports: [] },
  message: { holds: 'the fields of a request and a response: section 8', imports: ['frame'] },
  hpack: { holds: 'header compression: RFC 7541', imports: ['message'] },
  flow: { holds: 'receive windows and the path estimate: section 5.2, BBR', imports: ['frame'] },
  send: {
    holds: 'what leaves, in which order: send halves, scheduler, write buffer',
    imports: ['flow', 'frame', 'hpack', 'message'],
  },
  stream: { holds: 'one stream and the table of all: section 5.1', imports: ['flow', 'frame', 'message', 'send'] },
};

const AUTH: Readonly<Record<string, Wing>> = {
  identity: { holds: 'who a person is, what a policy decides, the signed assertion', imports: [] },
  providers: { holds: 'OpenID Connect providers', imports: ['identity'] },
  session: { holds: 'sessions, cookies, sign-in attempts, tickets: all that is sealed', imports: ['identity'] },
};

const EDGE: Readonly<Record<string, Wing>> = {
  request: { holds: 'what is known of a request before a decision, and its limits', imports: [] },
  gate: { holds: 'the decision, the tunnels there are, asking again', imports: ['request'] },
  ops: { holds: 'what the operator sees: log, audit record, admin address', imports: ['gate', 'request'] },
  replies: { holds: 'responses of our own: pages, JSON, redirects', imports: ['request'] },
  tls: { holds: 'certificates: their checks, where they come from, session tickets', imports: ['acme', 'ops'] },
  forward: {
    holds: 'an admitted request on its way to the agent, and back',
    imports: ['gate', 'ops', 'replies', 'request'],
  },
  agents: { holds: 'offers of agents, their tokens and links', imports: ['gate', 'ops', 'request'] },
  acme: { holds: 'certificates from an authority: RFC 8555, its proofs, renewal', imports: [] },
  people: {
    holds: 'access that people give while a tunnel runs, and who is there',
    imports: ['gate', 'ops', 'request'],
  },
  api: {
    holds: 'the HTTP API of people and programs',
    imports: ['agents', 'clients', 'gate', 'ops', 'people', 'replies', 'request', 'routes'],
  },
  routes: {
    holds: 'the paths that are ours: sign-in, portal, session',
    imports: ['gate', 'ops', 'people', 'replies', 'request'],
  },
  oauth: {
    holds: 'the sign-in of agents: OAuth endpoints, their pages, codes and tokens',
    imports: ['ops', 'replies', 'request', 'routes'],
  },
  clients: {
    holds: 'OAuth clients that act for visitors: who they are, consent, their tokens',
    imports: ['gate', 'oauth', 'ops', 'people', 'replies', 'request', 'routes'],
  },
  portal: {
    holds: 'the pages on which people manage their tunnels and agents',
    imports: ['api', 'clients', 'gate', 'oauth', 'ops', 'people', 'replies', 'request', 'routes'],
  },
  visitors: {
    holds: 'how requests arrive: the front door, and a folder for each protocol',
    imports: ['agents', 'forward', 'gate', 'ops', 'replies', 'request', 'routes'],
  },
};

const CLI: Readonly<Record<string, Wing>> = {
  process: { holds: 'the process: exit codes, signals, flags, environment', imports: [] },
  output: { holds: 'what is written: terminal, JSON lines, log', imports: ['process'] },
  live: {
    holds: 'running tunnels at their developer’s terminal: what runs them, who is there, keys, questions',
    imports: ['output', 'process'],
  },
  doctor: { holds: 'the checks of `postern doctor`', imports: ['output', 'process'] },
  service: { holds: 'an agent as a service: units, property lists', imports: ['process'] },
  completion: { holds: 'what shells complete: the scripts, the names', imports: ['process', 'service'] },
  workers: {
    holds: 'several processes as one edge: their supervisor, and each of them',
    imports: ['output', 'process'],
  },
  commands: {
    holds: 'one file a command',
    imports: ['completion', 'doctor', 'live', 'output', 'process', 'service', 'workers'],
  },
};

export const ROOMS: Readonly<Record<string, Room>> = {
  'errors.ts': { holds: 'the one class of errors and its table of codes', imports: [] },
  core: { holds: 'small exact things that know no protocol', imports: ['errors.ts'] },
  http: { holds: 'HTTP without a version: fields, the exchange contract', imports: ['core', 'errors.ts'] },
  http1: { holds: 'HTTP/1.1 to a target: RFC 9112', imports: [] },
  http2: {
    holds: 'an HTTP/2 connection, both roles: RFC 9113',
    imports: [],
    wings: HTTP2,
    shared: ['errors.ts', 'flood-guard.ts', 'pings.ts', 'byte-pool.ts'],
  },
  config: { holds: 'options, and the sources they come from', imports: LOWEST },
  store: {
    holds: 'what is remembered, behind one contract',
    imports: LOWEST,
    wings: { redis: { holds: 'the store that several nodes share: a Redis server', imports: [] } },
    shared: ['store.ts', 'table.ts'],
  },
  link: {
    holds: 'an HTTP/2 connection over a WebSocket: handshake, liveness, tokens',
    imports: [...LOWEST, 'http1', 'http2'],
  },
  auth: { holds: 'who visitors are', imports: [...LOWEST, 'store'], wings: AUTH },
  cluster: {
    holds: 'several edge processes as one: the directory of tunnels, and the relay between nodes',
    imports: [...MIDDLE, 'http1', 'http2'],
    wings: { ipc: { holds: 'store and directory of a supervisor, as its workers use them', imports: [] } },
    shared: ['directory.ts', 'directory-table.ts', 'others.ts'],
  },
  edge: { holds: 'the public side', imports: [...MIDDLE, 'cluster', 'http1', 'http2'], wings: EDGE },
  agent: {
    holds: "the developer's side",
    imports: [...MIDDLE, 'http1'],
    wings: {
      target: { holds: 'requests to the dev server, and its responses', imports: [] },
      inspector: {
        holds: 'what passed through the tunnel: capture, replay, its API on this machine',
        imports: ['target'],
      },
    },
  },
  cli: { holds: 'the command', imports: [...MIDDLE, 'cluster', 'edge', 'agent', 'index.ts'], wings: CLI },
  integrations: {
    holds: 'Postern inside other programs: what their plugins and middleware import',
    imports: [...LOWEST, 'config', 'agent', 'cli/process'],
  },
  'index.ts': { holds: 'what programs import', imports: [...MIDDLE, 'edge', 'agent', 'cli', 'integrations'] },
};
