/** The texts by which development servers refuse a host, and the setting of each that admits it. Pure. */
import { isJsonRpc, type Refusal } from './refusal.js';

// More specific rows first: Angular's text begins like Vite's.
export const HOST_REFUSALS: readonly Refusal[] = [
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
    server: 'The MCP server',
    isData: true,
    matches: ({ status, text }) =>
      (status === 421 && text.trim() === 'Invalid Host header') || (isJsonRpc(text) && /Invalid Host\b/.test(text)),
    fix: (host) => `add '${host}' to allowedHosts (Python: allowed_hosts) where its HTTP transport is made`,
  },
  {
    server: 'webpack-dev-server',
    matches: ({ text }) => text.trim() === 'Invalid Host header' || text.trim() === 'Invalid Host/Origin header',
    fix: (host) => `add devServer: { allowedHosts: ['${host}'] } to webpack.config.js`,
  },
  {
    server: 'Storybook',
    matches: ({ status, text }) => status === 403 && text.trim() === 'Invalid host',
    fix: (host) => `add core: { allowedHosts: ['${host}'] } to .storybook/main.js`,
  },
  {
    server: 'Starlette or FastAPI',
    matches: ({ status, text }) => status === 400 && text.trim() === 'Invalid host header',
    fix: (host) => `add '${host}' to the allowed_hosts of TrustedHostMiddleware`,
  },
  {
    server: 'ASP.NET',
    matches: ({ status, text }) => status === 400 && text.includes('Bad Request - Invalid Hostname'),
    fix: (host) => `add ${host} to "AllowedHosts" in appsettings.json, separated by ";"`,
  },
  {
    server: 'Symfony',
    matches: ({ status, text }) => status === 400 && text.includes('Untrusted Host'),
    fix: (host) => `add '${host}' to trusted_hosts in config/packages/framework.yaml`,
  },
  {
    server: 'Nextcloud',
    matches: ({ status, text }) => status === 400 && text.includes('Access through untrusted domain'),
    fix: (host) => `run php occ config:system:set trusted_domains 9 --value=${host}`,
  },
  {
    server: 'Home Assistant',
    checks: 'proxy',
    matches: ({ status, path, text }) => status === 400 && path === '/' && text.trim() === '400: Bad Request',
    fix: () => 'add http: { use_x_forwarded_for: true, trusted_proxies: [127.0.0.1, "::1"] } to configuration.yaml',
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
];

function isViteRefusal(text: string): boolean {
  return text.startsWith('Blocked request. This host');
}
