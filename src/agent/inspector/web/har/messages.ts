/** The WebSocket messages of a HAR file, as Chrome writes them: `{ type: 'send' | 'receive', time, opcode, data }`. */
import type { Message } from '../../wire.js';
import { base64Bytes } from '../body/base64.js';
import { amountOf, elementsOf, type Fields, fieldsOf, textOf } from './values.js';

const MAX_MESSAGES = 5_000;
const MAX_DATA = 1_000_000;
const KINDS: Readonly<Record<number, Message['kind']>> = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

export function messagesOf(value: unknown): Message[] {
  return elementsOf(value, MAX_MESSAGES).map((message, at) => readMessage(fieldsOf(message), at + 1));
}

function readMessage({ type, time, opcode, data }: Fields, n: number): Message {
  const kind = KINDS[amountOf(opcode) ?? 1] ?? 'binary';
  const text = textOf(data, MAX_DATA);
  const bytes = kind === 'binary' ? base64Bytes(text).length : new TextEncoder().encode(text).length;
  return {
    n,
    at: (amountOf(time) ?? 0) * 1_000, // seconds of the epoch
    from: type === 'send' ? 'visitor' : 'target',
    kind,
    bytes,
    kept: bytes,
    text: kind === 'binary' ? null : text,
    base64: kind === 'binary' ? text : null,
  };
}
