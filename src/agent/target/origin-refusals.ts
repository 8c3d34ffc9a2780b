/**
 * How development servers refuse the origin of a tunnel's own page, and the setting of each that admits it. Pure. A row with
 * `needsSetting` says nothing of `--host-header preserve`.
 */
import { isJsonRpc, type Refusal } from './refusal.js';

export const ORIGIN_REFUSALS: readonly Refusal[] = [
  {
    server: 'The MCP server',
    checks: 'origin',
    needsSetting: true,
    matches: ({ status, text }) =>
      status === 403 && (text.trim() === 'Invalid Origin header' || (isJsonRpc(text) && /Invalid Origin\b/.test(text))),
    fix: (_host, origin) =>
      `add '${origin}' to allowedOrigins (Python: allowed_origins) where its HTTP transport is made`,
  },
  {
    server: 'Spring',
    checks: 'origin',
    needsSetting: true,
    matches: ({ status, text }) => status === 403 && text.trim() === 'Invalid CORS request',
    fix: () => 'set server.forward-headers-strategy=framework in application.properties',
  },
  {
    server: 'gorilla/csrf (Portainer and others)',
    checks: 'origin',
    matches: ({ status, text }) => status === 403 && /^Forbidden - (?:origin|referer) invalid/.test(text),
    fix: (host) => `add ${host} to csrf.TrustedOrigins (Portainer: TRUSTED_ORIGINS=${host})`,
  },
  {
    // It says why in its log only.
    server: 'Jupyter',
    checks: 'origin',
    needsSetting: true,
    matches: ({ isByOrigin, server = '' }) => isByOrigin === true && server.startsWith('TornadoServer'),
    fix: (_host, origin) => `set c.ServerApp.allow_origin = '${origin}' in jupyter_server_config.py`,
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
    needsSetting: true,
    matches: ({ status, text }) => status === 403 && text.includes('Origin checking failed'),
    fix: (_host, origin) => `add '${origin}' to CSRF_TRUSTED_ORIGINS in settings.py`,
  },
  {
    // Without debug pages it does not say why.
    server: 'Django',
    checks: 'origin',
    needsSetting: true,
    matches: ({ status, text }) => status === 403 && text.includes('CSRF verification failed. Request aborted'),
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
    needsSetting: true,
    matches: ({ status, text }) => status === 403 && /Cross-site \w+ form submissions are forbidden/.test(text),
    fix: (_host, origin) =>
      `add csrf: { trustedOrigins: ['${origin}'] } to kit in svelte.config.js (adapter-node: set ORIGIN=${origin}), or security: { checkOrigin: false } to astro.config.mjs`,
  },
  {
    server: 'The object store',
    checks: 'origin',
    matches: ({ status, text }) => status === 403 && text.includes('<Code>SignatureDoesNotMatch</Code>'),
    fix: (host) => `make the client that signs the requests sign for ${host}`,
  },
];
