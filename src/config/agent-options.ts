/** Every option of an agent, one row each. Those of one tunnel may be under `tunnels:` in its file. */
import { edgeOrigin, hostHeader, mounts, target } from './addresses.js';
import { byteSize, headerNames, inspect } from './inspect.js';
import type { OptionTable } from './options.js';
import {
  duration,
  links,
  logLevel,
  notify,
  origins,
  path,
  publicPaths,
  rules,
  toggle,
  token,
  tunnelName,
  viewers,
} from './values.js';

/** Options of the agent as a whole, by key in `config.yaml`. */
export const AGENT_OPTIONS = {
  edge: {
    env: 'POSTERN_EDGE',
    placeholder: '<url>',
    required: 'expected the URL of your edge, such as https://tunnel.acme.com',
    description: 'The URL of the edge; without it that of the last "postern login".',
    schema: edgeOrigin,
  },
  token: {
    env: 'POSTERN_TOKEN',
    placeholder: '<token>',
    secret: true,
    required:
      'run "postern login" with the URL of your edge once, or set the token that "postern token create" printed',
    description: 'The token that "postern token create" printed; without it the sign-in of "postern login" counts.',
    schema: token,
  },
  log_level: {
    env: 'POSTERN_LOG_LEVEL',
    placeholder: '<level>',
    description: 'Logs to standard error as well: debug, info, warn or error.',
    schema: logLevel,
  },
  links: {
    env: 'POSTERN_LINKS',
    placeholder: '<number>',
    default: '4',
    description: 'How many links a tunnel may have while it is busy, when the edge has several processes: 1 to 4.',
    schema: links,
  },
  notify: {
    env: 'POSTERN_NOTIFY',
    placeholder: '<on|off>',
    description:
      'Tells you on the desktop, else by the bell of the terminal, that somebody asks to be let in: on or off. Without it on where the output is a terminal.',
    schema: notify,
  },
  inspect: {
    env: 'POSTERN_INSPECT',
    placeholder: '<off|address>',
    description:
      'Where the inspector listens: a port, or an address of this machine such as 127.0.0.1:4040; off for no inspector. Without it on port 4040, or the next one that is free.',
    schema: inspect,
  },
  inspect_max_bytes: {
    placeholder: '<size>',
    default: '50MB',
    description: 'How much the inspector keeps in memory; the oldest exchanges go first.',
    schema: byteSize,
  },
  inspect_body_bytes: {
    placeholder: '<size>',
    default: '1MB',
    description: 'How much of each body the inspector keeps.',
    schema: byteSize,
  },
  inspect_redact_headers: {
    placeholder: '<name>',
    list: true,
    description:
      'A header whose value the inspector masks, besides Cookie, Authorization and the like; repeat for more.',
    schema: headerNames,
  },
} as const satisfies OptionTable;

/** Options of one tunnel, by key under its name in `config.yaml`. */
export const TUNNEL_OPTIONS = {
  target: {
    placeholder: '<target>',
    positional: true,
    required: 'expected a port, a URL or the name of a tunnel of your file',
    description:
      'The local server: a port, a URL without a path, unix:/run/app.sock, or the name of a tunnel of your file.',
    schema: target,
  },
  mount: {
    placeholder: '<path=target>',
    list: true,
    description:
      'Another local server for a path of the tunnel and what is below it, such as /api=8080; repeat for more. The longest path counts.',
    schema: mounts,
  },
  name: {
    placeholder: '<name>',
    description:
      'The name of the tunnel; without it that of the folder and of you, such as shop-ana, else the first plain name that the token permits.',
    schema: tunnelName,
  },
  allow: {
    placeholder: '<rule>',
    list: true,
    description:
      'Who may open it: @acme.com, ana@acme.com, group:eng, "*" or public; repeat for more. Without it only you.',
    schema: rules,
  },
  allow_origin: {
    placeholder: '<origin>',
    list: true,
    description:
      'An origin besides the tunnel’s own whose pages may cause requests for it (fetch, forms, WebSockets), such as https://web.acme.com; repeat for more.',
    schema: origins,
  },
  allow_frame: {
    placeholder: '<origin>',
    list: true,
    description: 'An origin besides the tunnel’s own whose pages may show it in a frame; repeat for more.',
    schema: origins,
  },
  on_knock: {
    placeholder: '<program>',
    description:
      'A program that is started for each person who asks to be let in, with the email address, the message and the URL as its arguments.',
    schema: path,
  },
  public_path: {
    placeholder: '<path>',
    list: true,
    description:
      'Requests that need no sign-in, for webhooks: "POST /webhooks/*", "GET /health" or a path for all methods; repeat for more. Only where the edge permits it.',
    schema: publicPaths,
  },
  preflight: {
    placeholder: '<bool>',
    isSwitch: true,
    description: 'Lets CORS preflights, which have no session, reach the app. Only where the edge permits it.',
    schema: toggle,
  },
  access_token_basic: {
    placeholder: '<bool>',
    isSwitch: true,
    description:
      'Accepts an access token as the Basic password of the user postern, too, for programs that can send nothing else.',
    schema: toggle,
  },
  oauth_resource: {
    placeholder: '<bool>',
    isSwitch: true,
    description:
      'Lets OAuth clients, such as MCP clients, act for people whom the rules let in, after they have signed in and agreed.',
    schema: toggle,
  },
  for: {
    placeholder: '<duration>',
    description: 'Ends the tunnel after this time, such as 2h; without it when you stop it.',
    schema: duration,
  },
  read_only: {
    placeholder: '<bool>',
    isSwitch: true,
    description: 'Lets visitors only look: GET, HEAD and OPTIONS, and no WebSockets.',
    schema: toggle,
  },
  viewers: {
    placeholder: '<number>',
    description: 'How many people may look at once; the owner always may, too. Without it as many as come.',
    schema: viewers,
  },
  host_header: {
    placeholder: '<how>',
    default: 'rewrite',
    description: 'The Host that the target sees: rewrite (its own), preserve (the public one) or a host.',
    schema: hostHeader,
  },
  target_ca: {
    placeholder: '<path>',
    description: 'A PEM file with the trusted issuers of the certificate of an https target; not needed on loopback.',
    schema: path,
  },
  target_insecure: {
    placeholder: '<bool>',
    isSwitch: true,
    description: 'Accepts any certificate of an https target, wherever it is.',
    schema: toggle,
  },
} as const satisfies OptionTable;
