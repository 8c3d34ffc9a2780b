/**
 * Two nodes prove to each other that they have the edge's secret, before the first byte of HTTP/2: each signs both nonces, both
 * node ids and what is unique of the connection (the exporter of RFC 9266), so that nothing of it works again
 * elsewhere. One that cannot, or that says anything else, learns nothing: the connection ends without a word.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { deriveKeys, type Key } from '../core/keys.js';
import { PosternError } from '../errors.js';

// A peer responds in a round trip; one whose event loop is busy may take longer.
export const TIMEOUT_MS = 5_000;
const MAX_LINE_BYTES = 512;
const NONCE_BYTES = 32;
const BINDING_BYTES = 32;
const VERSION = 'postern-peer/1';

const NODE = '[A-Za-z0-9_-]{1,64}';
const TEXT = '[A-Za-z0-9_-]';
const HELLO = new RegExp(`^${VERSION} (${NODE}) (${NODE}) (${TEXT}{43}) (${TEXT}{8}(?:,${TEXT}{8}){0,9})$`);
const REPLY = new RegExp(`^(${TEXT}{43}) (${TEXT}{8}) (${TEXT}{43})$`);
const PROOF = new RegExp(`^${TEXT}{43}$`);

/** What a node proves itself with. */
export interface PeerIdentity {
  readonly node: string;
  readonly keys: readonly [Key, ...Key[]];
}

/** The keys of a node, of all secrets: nodes with the old one and with the new one understand each other meanwhile. */
export function peerIdentity(node: string, secrets: readonly string[]): PeerIdentity {
  return { node, keys: deriveKeys(secrets, 'peer') };
}

/** The half of the node that dials. Resolves once the other one is known to be `wanted`; rejects otherwise. */
export async function greetPeer(socket: Duplex, { node, keys }: PeerIdentity, wanted: string): Promise<void> {
  const lines = new Lines(socket);
  const hello = `${VERSION} ${node} ${wanted} ${nonce()} ${keys.map(({ id }) => id).join()}`;
  socket.write(`${hello}\n`);
  const [, theirs = '', keyId = '', proof = ''] = REPLY.exec(await lines.next()) ?? [];
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) throw refused('no such reply');
  const transcript = `${hello}\n${theirs} ${keyId}`;
  if (!isEqual(proof, prove(key, 'listener', transcript, socket))) throw refused('its proof is wrong');
  lines.release();
  socket.write(`${prove(key, 'dialler', transcript, socket)}\n`);
}

/** The half of the node that was dialled. Resolves to the id of the other one; rejects otherwise. */
export async function receivePeer(socket: Duplex, { node, keys }: PeerIdentity): Promise<string> {
  const lines = new Lines(socket);
  const hello = await lines.next();
  const [, other = '', wanted = '', , keyIds = ''] = HELLO.exec(hello) ?? [];
  const known = keyIds.split(',');
  const key = keys.find(({ id }) => known.includes(id));
  if (key === undefined || wanted !== node) throw refused('no such greeting');
  const reply = `${nonce()} ${key.id}`;
  const transcript = `${hello}\n${reply}`;
  socket.write(`${reply} ${prove(key, 'listener', transcript, socket)}\n`);
  const proof = await lines.next();
  if (!PROOF.test(proof) || !isEqual(proof, prove(key, 'dialler', transcript, socket))) throw refused('no proof');
  lines.release();
  return other;
}

function nonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

function prove({ bytes }: Key, side: 'dialler' | 'listener', transcript: string, socket: Duplex): string {
  return createHmac('sha256', bytes)
    .update(`${side}\n${bindingOf(socket)}\n${transcript}`)
    .digest('base64url');
}

/** What only the two ends of this connection know; nothing on a Unix socket, which has no one in the middle. */
function bindingOf(socket: Duplex): string {
  if (!(socket instanceof TLSSocket)) return '';
  return socket.exportKeyingMaterial(BINDING_BYTES, 'EXPORTER-Channel-Binding', Buffer.alloc(0)).toString('base64url');
}

function isEqual(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}

function refused(detail: string): PosternError {
  return new PosternError('ERR_LINK_LOST', `not a node of this edge: ${detail}`);
}

/** Reads lines of a socket, one after the other, and gives the socket back behind the last. */
class Lines {
  readonly #socket: Duplex;
  readonly #timer: NodeJS.Timeout;
  #bytes: Buffer = Buffer.alloc(0);
  #settle: ((error?: Error) => void) | undefined;
  #error: Error | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#fail(refused('it says nothing')), TIMEOUT_MS);
    socket.on('data', this.#received);
    socket.on('error', this.#fail);
    socket.on('close', this.#closed);
  }

  /** The next line, without its end. Rejects for one that is too long, and when the socket ends or takes too long. */
  async next(): Promise<string> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const end = this.#bytes.indexOf(0x0a);
      if (end > MAX_LINE_BYTES || (end < 0 && this.#bytes.length > MAX_LINE_BYTES)) this.#fail(refused('too long'));
      else if (end >= 0) {
        const line = this.#bytes.subarray(0, end).toString('latin1');
        this.#bytes = this.#bytes.subarray(end + 1);
        return line;
      } else
        await new Promise<void>((resolve) => {
          this.#settle = () => resolve();
        });
    }
  }

  /** The socket is as it was, with what has arrived behind the last line. */
  release(): void {
    clearTimeout(this.#timer);
    this.#socket.off('data', this.#received);
    this.#socket.off('close', this.#closed);
    this.#socket.pause();
    if (this.#bytes.length > 0) this.#socket.unshift(this.#bytes);
    this.#socket.off('error', this.#fail);
  }

  readonly #received = (bytes: Buffer) => {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    if (this.#bytes.length > 64 * MAX_LINE_BYTES) this.#socket.pause();
    this.#settle?.();
  };

  readonly #closed = () => this.#fail(refused('it has left'));

  readonly #fail = (error: Error) => {
    clearTimeout(this.#timer);
    this.#error ??= error;
    this.#socket.destroy();
    this.#settle?.();
  };
}
