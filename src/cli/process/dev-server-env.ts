/** The environment of a development server behind a tunnel: what makes it accept the public host, and nothing that is not its own. */

export interface DevServerPlace {
  /** The public host of the tunnel, or with a dot in front the domain of all. */
  readonly host: string;
  /** Where the system does not tell on which port it listens: a free one. */
  readonly port: number | undefined;
  readonly isColoured: boolean;
}

// What opens tunnels is not its business.
const OWN = /^POSTERN_TOKEN/;

/** The environment that a server gets: ours, and what Vite, Rails and create-react-app read. */
export function devServerEnv(ours: NodeJS.ProcessEnv, { host, port, isColoured }: DevServerPlace): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(ours).filter(([name]) => !OWN.test(name)));
  const defaults = {
    // Vite 6.1 and later: one host beside `server.allowedHosts`.
    __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: host,
    // Rails 6.1 and later: hosts beside `config.hosts`.
    RAILS_DEVELOPMENT_HOSTS: host,
    // create-react-app: the client of HMR connects to the port of its page.
    WDS_SOCKET_PORT: '0',
    ...(port !== undefined && { PORT: String(port) }),
    // Its output is no terminal of its own.
    ...(isColoured && { FORCE_COLOR: '1' }),
  };
  return { ...defaults, ...kept };
}
