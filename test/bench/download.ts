/**
 * One download, by a visitor who costs next to nothing: it reads into the same memory again and again. A client of `node:http`
 * takes new memory for each read, and on the machine that runs edge and agent as well it would be what is measured.
 */
import { connect } from 'node:net';
import type { RequestHeaders } from './driver.js';

const READ_BYTES = 262_144;
const memory = Buffer.allocUnsafeSlow(READ_BYTES);

/** Resolves with the bytes that came of a body with a `content-length` until `maxMs`, all if they came sooner. */
export function download(url: string, headers: RequestHeaders, maxMs: number): Promise<number> {
  const { hostname: host, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const body = new Body();
    const callback = (count: number, bytes: Uint8Array): boolean => {
      try {
        if (body.receive(Buffer.from(bytes.buffer, bytes.byteOffset, count))) end();
      } catch (error) {
        socket.destroy(error as Error);
      }
      return true;
    };
    const socket = connect({ host, port: Number(port), noDelay: true, onread: { buffer: memory, callback } });
    const end = () => {
      clearTimeout(late);
      socket.off('close', broken).destroy();
      resolve(body.bytes);
    };
    const broken = () => reject(new Error(`${url} broke off after ${body.bytes} bytes`));
    const late = setTimeout(end, Math.max(0, maxMs));
    socket.on('error', reject).on('close', broken);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`);
  });
}

/** The response: a head, and as many bytes as it says. */
class Body {
  bytes = 0;
  #head = '';
  #length: number | undefined;

  /** Whether the body is whole with these bytes. */
  receive(bytes: Buffer): boolean {
    this.bytes += this.#length === undefined ? this.#readHead(bytes) : bytes.length;
    return this.bytes === this.#length;
  }

  /** Returns how many of the bytes are behind the head. */
  #readHead(bytes: Buffer): number {
    this.#head += bytes.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return 0;
    const head = this.#head.slice(0, end);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    if (!/^HTTP\/1\.1 200 /.test(head) || length === undefined) throw new Error(`the download got ${head}`);
    this.#length = Number(length);
    return this.#head.length - end - 4;
  }
}
