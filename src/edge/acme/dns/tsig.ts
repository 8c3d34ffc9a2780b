/** Transaction signatures (TSIG, RFC 8945): sign a request with a shared key, and check that a response is of who has it. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  CLASS,
  type Message,
  readMessage,
  readName,
  TYPE,
  uint16,
  uint32,
  writeMessage,
  writeName,
} from './message.js';

/** A shared key, as `tsig-keygen` prints it. */
export interface TsigKey {
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Buffer;
}

/** The algorithms that RFC 8945 section 6 has not deprecated; SHA-1 is left out. */
export type TsigAlgorithm = 'hmac-sha224' | 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512';

// How far two clocks may be apart, in seconds (section 10).
const FUDGE_SECONDS = 300;

/** A message that is signed, and what checks its response. */
export interface SignedMessage {
  readonly bytes: Buffer;
  readonly mac: Buffer;
}

/** Signs a message. `nowMs` is the time in milliseconds since the epoch. */
export function sign(message: Message, key: TsigKey, nowMs: number): SignedMessage {
  const time = uint48(Math.floor(nowMs / 1_000));
  const mac = hmac(key, [writeMessage(message), variables(key, time, FUDGE_SECONDS, 0, Buffer.alloc(0))]);
  const data = Buffer.concat([
    ...[writeName(key.algorithm), time, uint16(FUDGE_SECONDS), uint16(mac.length), mac],
    ...[uint16(message.id), uint16(0), uint16(0)],
  ]);
  const record = { name: key.name, type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data };
  return { bytes: writeMessage({ ...message, additional: [...message.additional, record] }), mac };
}

/** Whether a response is signed with the key of its request (section 5.3.1), and recent. */
export function isAuthentic(response: Buffer, request: SignedMessage, key: TsigKey, nowMs: number): boolean {
  try {
    return hasSignature(response, request, key, nowMs);
  } catch {
    return false; // a signature that ends behind its message
  }
}

function hasSignature(response: Buffer, request: SignedMessage, key: TsigKey, nowMs: number): boolean {
  const { additional, id } = readMessage(response);
  const record = additional.at(-1);
  if (record?.type !== TYPE.TSIG || record.name !== key.name.toLowerCase()) return false;
  const { end } = readName(record.data, 0);
  const time = record.data.subarray(end, end + 6);
  const fudge = record.data.readUInt16BE(end + 6);
  const macLength = record.data.readUInt16BE(end + 8);
  const mac = record.data.subarray(end + 10, end + 10 + macLength);
  const error = record.data.readUInt16BE(end + 12 + macLength);
  const other = record.data.subarray(end + 16 + macLength);
  const bare = Buffer.from(response.subarray(0, record.offset));
  bare.writeUInt16BE(id, 0);
  bare.writeUInt16BE(additional.length - 1, 10); // the count of the section without the signature
  const signed = [uint16(request.mac.length), request.mac, bare, variables(key, time, fudge, error, other)];
  const expected = hmac(key, signed);
  const skewSeconds = Math.abs(nowMs / 1_000 - time.readUIntBE(0, 6));
  return skewSeconds <= FUDGE_SECONDS && mac.length === expected.length && timingSafeEqual(mac, expected);
}

// What is signed beside the message (section 4.3.3).
function variables(key: TsigKey, time: Buffer, fudge: number, error: number, other: Buffer): Buffer {
  const head = Buffer.concat([writeName(key.name), uint16(CLASS.ANY), uint32(0), writeName(key.algorithm)]);
  return Buffer.concat([head, time, uint16(fudge), uint16(error), uint16(other.length), other]);
}

function hmac({ algorithm, secret }: TsigKey, parts: readonly Buffer[]): Buffer {
  const mac = createHmac(algorithm.slice('hmac-'.length), secret);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

function uint48(value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return bytes;
}

const KEY = /\bkey[ \t]+"?([\w.-]+)"?[ \t\r\n]*\{([^}]*)\}/;

/** Reads a key file of BIND, as `tsig-keygen` prints it and `nsupdate -k` reads it; undefined for anything else. */
export function readTsigKey(text: string): TsigKey | undefined {
  const [, name, body = ''] = KEY.exec(text) ?? [];
  const algorithm = /\balgorithm[ \t]+"?(hmac-sha(?:224|256|384|512))"?[ \t]*;/.exec(body)?.[1] as
    | TsigAlgorithm
    | undefined;
  const secret = /\bsecret[ \t]+"([A-Za-z0-9+/]+={0,2})"[ \t]*;/.exec(body)?.[1];
  if (name === undefined || algorithm === undefined || secret === undefined) return undefined;
  return { name: name.replace(/\.$/, ''), algorithm, secret: Buffer.from(secret, 'base64') };
}
