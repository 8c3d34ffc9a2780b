/**
 * The HTTP/1.1 half of a WebSocket handshake (RFC 6455 section 4) between the agent and the target. Each hop has a key of its
 * own: the edge proves the visitor's, the agent checks the target's.
 */
import { PosternError } from '../../errors.js';
import { filterFields, headerValue, mapNames } from '../../http/fields.js';
import { usualCase } from '../../http/header-case.js';
import { completesHandshake, WEBSOCKET_VERSION } from '../../http/websocket.js';
import type { ResponseHead } from '../../http1/response-head.js';
import type { TargetAddress } from './address.js';
import type { PublicAddress } from './public-address.js';
import { responseHeaders } from './response-headers.js';

const KEY_FIELDS = new Set(['sec-websocket-key', 'sec-websocket-accept']);

/** The headers of the upgrade request: the visitor's, lower-case, with the agent's own `key`. */
export function upgradeHeaders(headers: readonly string[], key: string): string[] {
  const kept = mapNames(
    filterFields(headers, (name) => !KEY_FIELDS.has(name)),
    usualCase,
  );
  if (headerValue(kept, 'sec-websocket-version') === undefined) kept.push('Sec-WebSocket-Version', WEBSOCKET_VERSION);
  return [...kept, 'Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', key];
}

/** The headers of a 101 for the visitor. Throws `ERR_TARGET_PROTOCOL` unless it completes the handshake of `key`. */
export function acceptedHeaders(
  { fields }: ResponseHead,
  key: string,
  target: TargetAddress,
  publicAddress: PublicAddress,
): string[] {
  if (!completesHandshake(fields, key)) {
    throw new PosternError('ERR_TARGET_PROTOCOL', 'The target does not complete the WebSocket handshake.');
  }
  return filterFields(responseHeaders(fields, 101, target, publicAddress), (name) => name !== 'sec-websocket-accept');
}

/** On the link any 2xx would accept the WebSocket (RFC 8441 section 5); from the target only 101 does. */
export function rejectSuccess({ status }: ResponseHead): void {
  if (status >= 300) return;
  throw new PosternError('ERR_TARGET_PROTOCOL', `The target answers ${status} to a WebSocket handshake.`);
}
