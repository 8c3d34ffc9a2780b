/** The options of an edge about its other nodes: where they reach this one. */
import type { ListenAddress } from './addresses.js';
import { readListenAddress } from './addresses.js';
import type { OptionTable, ValuesOf } from './options.js';
import { parsed, type Value } from './value.js';

const DEFAULT_PORT = 7_443;

/** Where a node listens for the others, and what they dial instead if it is not the same. */
export interface PeerConfig {
  readonly listen: ListenAddress;
  readonly url: ListenAddress | undefined;
}

const peerListen: Value<ListenAddress> = parsed(
  (text) => readPeer(text, 'any-address'),
  'where other nodes connect: expected https://host:port, such as https://0.0.0.0:7443',
);

const peerUrl: Value<ListenAddress> = parsed((text) => {
  const address = readPeer(text, 'one-address');
  return address === undefined || address.port === 0 || isEverywhere(address) ? undefined : address;
}, 'what other nodes dial: expected https://host:port, such as https://edge-1.internal:7443');

/** The rows, by their key in `config/edge.yaml`. */
export const PEER_OPTIONS = {
  peer_listen: {
    env: 'POSTERN_PEER_LISTEN',
    placeholder: '<url>',
    description:
      'Where the other edges of POSTERN_STORE_URL reach this one, such as https://0.0.0.0:7443: an agent at one of them is then a tunnel at all. Each worker has the next port. Keep it private.',
    schema: peerListen,
  },
  peer_url: {
    env: 'POSTERN_PEER_URL',
    placeholder: '<url>',
    description:
      'What the other edges dial instead, such as https://edge-1.internal:7443, where POSTERN_PEER_LISTEN is every address.',
    schema: peerUrl,
  },
} as const satisfies OptionTable;

type PeerValues = Partial<ValuesOf<typeof PEER_OPTIONS>>;

/** What is wrong with them together. */
export function peerProblems({ peer_listen: listen, peer_url: url }: PeerValues, hasStore: boolean): string[] {
  if (listen === undefined)
    return url === undefined ? [] : ['POSTERN_PEER_URL needs POSTERN_PEER_LISTEN: expected both, or neither.'];
  const problems: string[] = [];
  if (!hasStore)
    problems.push('POSTERN_PEER_LISTEN is for edges that share a store: expected the one of all in POSTERN_STORE_URL.');
  if (url === undefined && isEverywhere(listen))
    problems.push(
      'POSTERN_PEER_LISTEN is every address: expected in POSTERN_PEER_URL the one that the other edges dial, such as https://edge-1.internal:7443.',
    );
  return problems;
}

/** Undefined for an edge without other nodes. */
export function toPeer({ peer_listen: listen, peer_url: url }: PeerValues): PeerConfig | undefined {
  return listen && { listen, url };
}

function readPeer(text: string, permitted: 'one-address' | 'any-address'): ListenAddress | undefined {
  const authority = /^https:\/\/([^/]+)\/?$/.exec(text)?.[1];
  if (authority === undefined) return undefined;
  const hasPort = /:\d*$/.test(authority.replace(/^\[.*\]/, ''));
  return readListenAddress(hasPort ? authority : `${authority}:${DEFAULT_PORT}`, permitted);
}

function isEverywhere({ host }: ListenAddress): boolean {
  return host === '*' || host === '0.0.0.0' || /^[0:]+$/.test(host);
}
