/** WebSocket handshakes as bytes, and those that are refused. */
import assert from 'node:assert/strict';
import { RefusedUpgrade, type Visitor } from './visitor.js';

/** The key of the example in RFC 6455 section 1.3. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A handshake that is right, with more header lines. */
export function handshakeRequest(host: string, path: string, more: readonly string[]): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
  ];
  return [...lines, ...more, '', ''].join('\r\n');
}

/** The answer to a visitor whose WebSocket is not opened. */
export async function refusedUpgrade(
  visitor: Visitor,
  url: string,
  options: Parameters<Visitor['socket']>[1] = {},
): Promise<RefusedUpgrade> {
  const outcome = await visitor.socket(url, options).then(
    () => assert.fail('the WebSocket was opened'),
    (reason: unknown) => reason,
  );
  assert.ok(outcome instanceof RefusedUpgrade, String(outcome));
  return outcome;
}
