/** The texts by which development servers refuse a host or an origin, and the setting of each that admits it. Pure. */

/** The beginning of a response. */
export interface ResponseStart {
  readonly status: number;
  /** Of the request. */
  readonly path: string;
  /** Its content type is text, as with all servers that reject a host. */
  readonly isText: boolean;
  /** The first characters of the body. */
  readonly text: string;
}

export interface Refusal {
  readonly server: string;
  /** It compares `Origin`, the public one, with `Host`: they agree when the agent preserves the latter. */
  readonly checks?: 'origin';
  matches(start: ResponseStart): boolean;
  /** The change at the target that admits `host`, a name without port, or its `origin`. */
  fix(host: string, origin: string): string;
}

// More specific rows first: Angular's text begins like Vite's.
const REFUSALS: readonly Refusal[] = [
  {
    server: 'Angular',
    matches: ({ status, text }) =>
      status === 403 && text.includes('Blocked request. This host') && text.includes('angular.json'),
    fix: (host) => `add "${host}" to "allowedHosts" in the options of the "serve" target in angular.json`,
  },
  {
    server: 'Vite (preview)',
    matches: ({ status, text }) => status === 403 && isViteRefusal(text) && text.includes('preview.allowedHosts'),
    fix: (host) => `add preview: { allowedHosts: ['${host}'] } to vite.config.js`,
  },
  {
    server: 'Vite',
    matches: ({ status, text }) => status === 403 && isViteRefusal(text),
    fix: (host) => `add server: { allowedHosts: ['${host}'] } to vite.config.js`,
  },
  {
    server: 'webpack-dev-server',
    matches: ({ text }) => text.trim() === 'Invalid Host header' || text.trim() === 'Invalid Host/Origin header',
    fix: (host) => `add devServer: { allowedHosts: ['${host}'] } to webpack.config.js`,
  },
  {
    server: 'Next.js',
    matches: ({ status, path, text }) =>
      status === 403 && /^\/(?:_next|__next)/.test(path) && text.trim() === 'Unauthorized',
    fix: (host) => `add allowedDevOrigins: ['${host}'] to next.config.js`,
  },
  {
    server: 'Rails',
    matches: ({ status, text }) => status === 403 && /Blocked hosts?: /.test(text),
    fix: (host) => `add config.hosts << "${host}" to config/environments/development.rb`,
  },
  {
    server: 'Django',
    matches: ({ status, text }) =>
      status === 400 && (/<title>\s*DisallowedHost\b/.test(text) || text.includes('to ALLOWED_HOSTS')),
    fix: (host) => `add '${host}' to ALLOWED_HOSTS in settings.py`,
  },
  {
    server: 'Grafana',
    checks: 'origin',
    matches: ({ status, text }) => status === 403 && text.includes('origin not allowed'),
    fix: (host) => `set csrf_trusted_origins = ${host} in [security] of grafana.ini`,
  },
  {
    server: 'Django',
    checks: 'origin',
    matches: ({ status, text }) =>
      status === 403 && /Origin checking failed|CSRF verification failed\. Request aborted/.test(text),
    fix: (_host, origin) => `add '${origin}' to CSRF_TRUSTED_ORIGINS in settings.py`,
  },
  {
    server: 'Rails',
    checks: 'origin',
    matches: ({ status, text }) =>
      status === 422 && /InvalidAuthenticityToken|HTTP Origin header .{1,200} didn.{1,5}t match/.test(text),
    fix: () =>
      'set config.action_controller.forgery_protection_origin_check = false in config/environments/development.rb',
  },
  {
    server: 'SvelteKit or Astro',
    checks: 'origin',
    matches: ({ status, text }) => status === 403 && /Cross-site \w+ form submissions are forbidden/.test(text),
    fix: (_host, origin) =>
      `set ORIGIN=${origin} (SvelteKit with adapter-node), or security: { checkOrigin: false } in astro.config.mjs`,
  },
  {
    server: 'The object store',
    checks: 'origin',
    matches: ({ status, text }) => status === 403 && text.includes('<Code>SignatureDoesNotMatch</Code>'),
    fix: (host) => `make the client that signs the requests sign for ${host}`,
  },
];

/** The refusal that this response is, if any. */
export function recognizeRefusal(start: ResponseStart): Refusal | undefined {
  return REFUSALS.find((refusal) => (start.isText || refusal.checks === 'origin') && refusal.matches(start));
}

function isViteRefusal(text: string): boolean {
  return text.startsWith('Blocked request. This host');
}
