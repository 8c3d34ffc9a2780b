/** What the files of other programs have in common: their values, as far as they can be carried over, and why others are not. */
import { target } from './addresses.js';
import type { YamlMap } from './yaml-file.js';

export const AGENT_NOTES: Readonly<Record<string, string>> = {
  authtoken: 'agents sign in with "postern login"',
  'credentials-file': 'agents sign in with "postern login"',
  tunnel: 'tunnels have names of their own',
  proxy_url: 'set HTTPS_PROXY',
  connect_url: 'the edge is your own: "edge" in your file',
  region: 'the edge is your own',
  web_addr: 'see "inspect" in your own file',
  secret_key: 'agents sign in with "postern login"',
  server_url: 'the edge is your own: "edge" in your file',
  ssh_url: 'the edge is your own: "edge" in your file',
  enable_request_logging: 'see "inspect" in your own file',
};

const BASIC = 'visitors sign in instead: name them below "allow"; programs get "postern access-token create"';

export const TUNNEL_NOTES: Readonly<Record<string, string>> = {
  basic_auth: BASIC,
  auth: BASIC,
};

export const ENDPOINT_NOTES: Readonly<Record<string, string>> = {
  traffic_policy: 'name who may come in below "allow"',
};

export function hostHeader(text: string | undefined): Record<string, string> {
  return text === undefined || text === 'rewrite' ? {} : { host_header: text };
}

// `example.org` alone is port 80 of that host for ngrok and a name for us: it is not taken.
export function readTarget(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const plain = text.replace(/\/$/, '').replace(/^unix:\/*(?=\/)/, 'unix:');
  const { value, problems } = target.read(plain);
  return value === undefined || problems.length > 0 ? undefined : plain;
}

export function nameOf(host: string): string {
  return (host.replace(/^\w+:\/\//, '').split(/[.:/]/, 1)[0] ?? '').toLowerCase().replaceAll('_', '-');
}

export function isMap(value: unknown): value is YamlMap {
  return value instanceof Map;
}

export function mapOf(value: unknown): YamlMap {
  return isMap(value) ? value : new Map();
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function textsOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((item) => textOf(item) ?? []);
}
