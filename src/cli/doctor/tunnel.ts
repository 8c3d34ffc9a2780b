/** Checks of the tunnel: that a WebSocket passes, that the name may be had, that visitors find its address. */
import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { Agent } from 'node:http';
import { isLoopback } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import { dialTrial } from '../../link/dial.js';
import { ForeignResponse } from '../../link/handshake.js';
import { linkLost } from '../../link/link.js';
import { ApiClient } from '../process/api-client.js';
import { type Check, type Finding, skipped } from './check.js';
import { failureOf, probe, refusalIn } from './probe.js';

export interface TunnelOptions {
  readonly edge: string;
  readonly proxyAgent: Agent | undefined;
  /** The token that the edge accepts. */
  readonly token: () => string;
  /** The name for a token; undefined leaves the choice to the edge. */
  readonly name: (token: string) => string | undefined;
  readonly allow: readonly string[];
  /** Is given the tunnel's URL. */
  readonly named: (url: string) => void;
}

const PING_MS = 8_000;

const UPGRADE_FIX =
  'The operator of what is in front of the edge lets Upgrade and Connection pass, in nginx: proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; (docs/reverse-proxies.md)';

/** What a trial offer came to: the tunnel's URL, or the edge's refusal. */
type Outcome = { readonly url: string } | { readonly refusal: PosternError };

export function tunnelChecks(options: TunnelOptions): readonly Check[] {
  const { edge, named } = options;
  let outcome: Outcome | undefined;
  return [
    {
      id: 'websocket',
      needs: ['token'],
      look: async (signal) => {
        const dialled = await dialOnce(options, signal);
        outcome = dialled.outcome;
        return dialled.finding;
      },
    },
    {
      id: 'name',
      needs: ['websocket'],
      look: async () => {
        if (outcome === undefined) return skipped('this edge makes no trials: its release is another one');
        if ('refusal' in outcome) return failureOf(outcome.refusal, edge);
        named(outcome.url);
        return describeName(options, outcome.url);
      },
    },
    {
      id: 'url',
      needs: ['name'],
      look: (signal) =>
        outcome !== undefined && 'url' in outcome
          ? checkUrl(new URL(outcome.url), options, signal)
          : Promise.resolve(skipped('the tunnel has no address')),
    },
  ];
}

/** Offers the tunnel as a trial, which takes its name from no agent, and sends a PING there and back. */
async function dialOnce(
  { edge, proxyAgent, token, name, allow }: TunnelOptions,
  signal: AbortSignal,
): Promise<{ readonly finding: Finding; readonly outcome?: Outcome }> {
  const offer = { token: token(), name: name(token()), allow, origins: [], frameOrigins: [], agentId: randomUUID() };
  try {
    const options = { signal, ...(proxyAgent !== undefined && { httpAgent: proxyAgent }) };
    const link = await dialTrial(edge, offer, options);
    try {
      const ms = await Promise.race([link.ping(), silence(signal)]);
      const finding: Finding = { result: 'ok', text: `messages pass both ways, there and back in ${Math.ceil(ms)} ms` };
      return { finding, outcome: { url: link.url } };
    } finally {
      link.destroy();
    }
  } catch (error) {
    return judgeRefusal(error, edge);
  }
}

/** Rejects when a link has been silent for too long. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(() => reject(new Silence()), PING_MS);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}

class Silence extends Error {}

function judgeRefusal(error: unknown, edge: string): { readonly finding: Finding; readonly outcome?: Outcome } {
  if (error instanceof Silence) {
    const text = 'the WebSocket opens, but what is sent does not arrive: something on the path holds it back';
    return { finding: { result: 'failure', text, fix: UPGRADE_FIX } };
  }
  if (!(error instanceof PosternError)) throw error;
  if (error.code === 'ERR_LINK_LOST' && !(error.cause instanceof ForeignResponse))
    return { finding: failureOf(error, edge) };
  if (error.cause instanceof ForeignResponse) {
    const text = `something between here and the edge refuses WebSockets: status ${error.cause.status}`;
    return { finding: { result: 'failure', text, fix: UPGRADE_FIX } };
  }
  if (error.code === 'ERR_NOT_FOUND') {
    const text = 'something in front of the edge makes a plain request of a WebSocket';
    return { finding: { result: 'failure', text, fix: UPGRADE_FIX } };
  }
  const finding: Finding = { result: 'ok', text: 'the request of a WebSocket reaches the edge' };
  return error.code === 'ERR_PROTOCOL_VERSION' ? { finding } : { finding, outcome: { refusal: error } };
}

async function describeName({ edge, token }: TunnelOptions, url: string): Promise<Finding> {
  const name = new URL(url).hostname.split('.', 1)[0] ?? '';
  const mine = await new ApiClient(edge, token()).tunnel(name).catch(() => undefined); // 404: the name was not used of late
  if (mine === undefined) return { result: 'ok', text: `${name} is free for you` };
  const state = mine.online
    ? 'an agent of yours serves it now, and a second one would be refused'
    : 'no agent serves it now';
  return { result: 'ok', text: `${name} is yours: ${state}` };
}

/** Looks for the tunnel's address as a visitor's browser does. */
async function checkUrl(url: URL, { edge, proxyAgent }: TunnelOptions, signal: AbortSignal): Promise<Finding> {
  if (isLoopback(url.hostname)) return { result: 'ok', text: `${url.origin} is this machine for browsers` };
  const base = new URL(edge).hostname;
  try {
    if (proxyAgent === undefined) await lookup(url.hostname);
  } catch (error) {
    const finding = failureOf(linkLost(error), url.origin);
    return { ...finding, fix: `The operator of the DNS of ${base} adds the record: *.${base}. CNAME ${base}.` };
  }
  try {
    const headers = { Accept: 'application/json' };
    const probed = await probe(new URL('/.postern/userinfo', url), { headers, signal });
    const isEdge = probed.headers['postern-error'] !== undefined || probed.status === 200;
    if (!isEdge) return failureOf(refusalIn(probed), url.origin);
    return { result: 'ok', text: `${url.origin} leads to the edge, with a valid certificate` };
  } catch (error) {
    const finding = failureOf(error, url.origin);
    return {
      ...finding,
      fix: `The operator of the edge looks whether its certificate is for *.${base}: postern config check`,
    };
  }
}
