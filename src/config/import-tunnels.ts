/**
 * Tunnels of other programs, as a file of ours has them: of ngrok (its versions 2 and 3), cloudflared and portr. What is not carried
 * over is named, key by key. Pure.
 */
import { isTunnelName } from '../core/hostname.js';
import { parseMountPath } from '../http/mount-path.js';
import {
  AGENT_NOTES,
  ENDPOINT_NOTES,
  hostHeader,
  isMap,
  mapOf,
  nameOf,
  readTarget,
  TUNNEL_NOTES,
  textOf,
  textsOf,
} from './import-values.js';
import type { TextFile } from './sources.js';
import { printable, quoted } from './text.js';
import { keyText, positionOf, readYaml, type YamlMap } from './yaml-file.js';

/** The settings of a tunnel, in the order in which they are written. */
export type ImportedTunnel = Record<string, string | string[] | Record<string, string>>;

export interface Imported {
  readonly tunnels: ReadonlyMap<string, ImportedTunnel>;
  /** What was not carried over, a sentence each. */
  readonly notes: readonly string[];
}

/** Reads a file of ngrok, cloudflared or portr; `problems` gets why it is none of them. */
export function importTunnels(file: TextFile, problems: string[]): Imported {
  const top = readYaml(file, problems);
  const reader = new Importer(file.path);
  if (problems.length > 0) return reader;
  if (top.has('ingress')) reader.cloudflared(top);
  else if (Array.isArray(top.get('tunnels'))) reader.portr(top, top.get('tunnels') as unknown[]);
  else if (top.has('endpoints') || top.has('tunnels')) reader.ngrok(top);
  else
    problems.push(
      `${file.path} has no tunnels: expected "tunnels" or "endpoints" (ngrok, portr), or "ingress" (cloudflared).`,
    );
  return reader;
}

class Importer implements Imported {
  readonly tunnels = new Map<string, ImportedTunnel>();
  readonly notes: string[] = [];
  readonly #path: string;
  /** Of these only paths have a server so far. */
  readonly #withoutTarget = new Set<string>();

  constructor(path: string) {
    this.#path = path;
  }

  ngrok(top: YamlMap): void {
    this.#leftOut(top, '', ['tunnels', 'endpoints', 'version', 'agent'], AGENT_NOTES);
    if (isMap(top.get('agent'))) this.#leftOut(top.get('agent') as YamlMap, 'agent.', [], AGENT_NOTES);
    for (const [key, value] of mapOf(top.get('tunnels'))) if (isMap(value)) this.#ngrokTunnel(keyText(key), value);
    const endpoints = top.get('endpoints');
    for (const one of Array.isArray(endpoints) ? (endpoints as unknown[]) : [])
      if (isMap(one)) this.#ngrokEndpoint(one);
  }

  #ngrokTunnel(key: string, map: YamlMap): void {
    const place = `tunnels.${key}`;
    const proto = textOf(map.get('proto'));
    if (proto !== undefined && !/^https?$/.test(proto))
      return void this.#note(map, place, 'proto', `only http has a counterpart, and it is ${proto}`);
    const host = ['domain', 'hostname', 'subdomain']
      .map((name) => textOf(map.get(name)))
      .find((text) => text !== undefined);
    const oauth = mapOf(map.get('oauth'));
    const rules = [
      ...textsOf(oauth.get('allow_domains')).map((domain) => `@${domain}`),
      ...textsOf(oauth.get('allow_emails')),
    ];
    this.#leftOut(
      map,
      `${place}.`,
      ['proto', 'addr', 'domain', 'hostname', 'subdomain', 'host_header', 'oauth', 'inspect'],
      TUNNEL_NOTES,
    );
    this.#add(map, place, host ?? key, textOf(map.get('addr')), {
      ...(rules.length > 0 && { allow: rules }),
      ...hostHeader(textOf(map.get('host_header'))),
    });
  }

  #ngrokEndpoint(map: YamlMap): void {
    const place = `endpoints.${textOf(map.get('name')) ?? '?'}`;
    const upstream = map.get('upstream');
    const url = textOf(upstream) ?? textOf(mapOf(upstream).get('url'));
    if (isMap(upstream)) this.#leftOut(upstream, `${place}.upstream.`, ['url']);
    this.#leftOut(map, `${place}.`, ['name', 'url', 'upstream'], ENDPOINT_NOTES);
    this.#add(map, place, textOf(map.get('url')) ?? textOf(map.get('name')) ?? '', url, {});
  }

  portr(top: YamlMap, tunnels: readonly unknown[]): void {
    this.#leftOut(top, '', ['tunnels'], AGENT_NOTES);
    for (const [at, map] of tunnels.entries()) if (isMap(map)) this.#portrTunnel(map, `tunnels[${at}]`);
  }

  #portrTunnel(map: YamlMap, place: string): void {
    const [type = 'http', host, port = '', name] = ['type', 'host', 'port', 'subdomain'].map((key) =>
      textOf(map.get(key)),
    );
    if (type !== 'http') return void this.#note(map, place, 'type', `only http has a counterpart, and it is ${type}`);
    this.#leftOut(map, `${place}.`, ['name', 'subdomain', 'port', 'host', 'type'], TUNNEL_NOTES);
    const isLocal = host === undefined || host === 'localhost' || host === '127.0.0.1';
    this.#add(map, place, name ?? textOf(map.get('name')) ?? '', isLocal ? port : `http://${host}:${port}`, {});
  }

  cloudflared(top: YamlMap): void {
    this.#leftOut(top, '', ['ingress', 'originRequest'], AGENT_NOTES);
    const rules = top.get('ingress');
    for (const [at, rule] of (Array.isArray(rules) ? (rules as unknown[]) : []).entries())
      if (isMap(rule)) this.#ingress(rule, `ingress[${at}]`, mapOf(top.get('originRequest')));
    for (const name of this.#withoutTarget)
      this.notes.push(`${name}: it had a server for some paths only; now all other paths reach that of "target", too.`);
  }

  #ingress(rule: YamlMap, place: string, defaults: YamlMap): void {
    const [host, path, service] = ['hostname', 'path', 'service'].map((key) => textOf(rule.get(key)));
    if (host === undefined) {
      if (!service?.startsWith('http_status:'))
        this.#note(rule, place, 'service', 'a rule for every host has no counterpart');
      return;
    }
    this.#leftOut(rule, `${place}.`, ['hostname', 'path', 'service', 'originRequest']);
    const request = new Map([...defaults, ...mapOf(rule.get('originRequest'))]);
    const settings = this.#originRequest(request, place);
    if (path === undefined) return void this.#add(rule, place, host, service, settings);
    const mount = parseMountPath(path.replace(/^\^/, '').replace(/(?:\/?\.\*|\$)$/, ''));
    const tunnel = this.tunnels.get(nameOf(host));
    const to = readTarget(service);
    if (mount === undefined || to === undefined)
      return void this.#note(rule, place, 'path', `${quoted(path)} is an expression, and no plain beginning of a path`);
    if (tunnel === undefined) this.#withoutTarget.add(nameOf(host));
    const mounts = { ...(tunnel?.['mounts'] as Record<string, string> | undefined), [mount]: to };
    this.tunnels.set(nameOf(host), { target: to, ...settings, ...tunnel, mounts });
  }

  #originRequest(map: YamlMap, place: string): ImportedTunnel {
    this.#leftOut(map, `${place}.originRequest.`, ['httpHostHeader', 'noTLSVerify', 'caPool', 'access']);
    const [host, ca] = [textOf(map.get('httpHostHeader')), textOf(map.get('caPool'))];
    return {
      ...hostHeader(host),
      ...(ca !== undefined && { target_ca: ca }),
      ...(textOf(map.get('noTLSVerify')) === 'true' && { target_insecure: 'true' }),
    };
  }

  #add(map: YamlMap, place: string, host: string, to: string | undefined, settings: ImportedTunnel): void {
    const name = nameOf(host);
    const server = readTarget(to);
    if (!isTunnelName(name))
      this.notes.push(`${place}: ${quoted(name)} cannot be the name of a tunnel: it is left out.`);
    else if (server === undefined)
      this.notes.push(
        `${place}${positionOf(map, 'addr')}: ${quoted(to ?? '')} is not one server of this machine for certain: it is left out.`,
      );
    else if (this.tunnels.get(name)?.['mounts'] === undefined && this.tunnels.has(name))
      this.notes.push(`${place}: there is a tunnel ${quoted(name)} already: it is left out.`);
    else {
      this.#withoutTarget.delete(name);
      this.tunnels.set(name, { ...this.tunnels.get(name), target: server, ...settings });
    }
  }

  #leftOut(map: YamlMap, prefix: string, known: readonly string[], why: Readonly<Record<string, string>> = {}): void {
    for (const key of map.keys()) {
      const name = keyText(key);
      if (!known.includes(name)) this.#note(map, prefix.replace(/\.$/, ''), name, why[name] ?? 'it has no counterpart');
    }
  }

  #note(map: YamlMap, place: string, key: string, why: string): void {
    const full = place === '' ? key : `${place}.${key}`;
    this.notes.push(`${printable(full)} (${this.#path}${positionOf(map, key)}) is not carried over: ${why}.`);
  }
}
