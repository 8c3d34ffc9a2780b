/**
 * The visitor and the tunnels that must not notice: Ana asks two tunnels of two targets, with bodies both ways and over a
 * WebSocket that stays open, and every answer must be hers, whole, and of the right tunnel.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { isOurCookie } from '../../src/auth/session/cookies.js';
import { headerValues } from '../../src/http/fields.js';
import { normalizedName } from '../../src/http/header-rules.js';
import type { Target } from '../support/target.js';
import type { Echo } from '../support/target-paths.js';
import type { Visitor } from '../support/visitor.js';

/** A tunnel that must not notice, and who asks it. */
export interface CanaryTunnel {
  readonly url: string;
  readonly target: Target;
  readonly visitor: Visitor;
}

export class Canary {
  readonly #tunnels: readonly CanaryTunnel[];
  readonly #sockets: WebSocket[] = [];
  readonly #asked = new Set<string>();

  constructor(tunnels: readonly CanaryTunnel[]) {
    this.#tunnels = tunnels;
  }

  /** Opens the WebSockets that stay. */
  async open(): Promise<void> {
    for (const { url, visitor } of this.#tunnels) {
      this.#sockets.push(await visitor.socket(`${url.replace('http', 'ws')}/canary/socket`));
      this.#asked.add('/canary/socket');
    }
  }

  /** Sings once on every tunnel, in every way. Rejects when anything is not as it must be. */
  async sing(): Promise<void> {
    await Promise.all([
      ...this.#tunnels.flatMap((tunnel) => [this.#read(tunnel), this.#write(tunnel), this.#mirror(tunnel)]),
      ...this.#sockets.map(converse),
    ]);
  }

  /** Throws unless every request that a target saw came from one known visitor, and Ana's are those she made. */
  async judgeTargets(): Promise<void> {
    for (const { target } of this.#tunnels) {
      for (const { url, rawHeaders } of await target.seen()) {
        const emails = said(rawHeaders, 'x-forwarded-email');
        const mine = emails.length === 1 && emails[0] === 'ana@acme.com' && this.#asked.has(url);
        const bobs = emails.length === 1 && emails[0] === 'bob@acme.com' && !url.startsWith('/canary');
        assert.ok(mine || bobs, `the target saw ${url} from ${JSON.stringify(emails)}`);
        const cookies = said(rawHeaders, 'cookie').flatMap((line) => line.split(';'));
        assert.deepEqual(
          cookies.filter((pair) => isOurCookie(pair.split('=', 1)[0] ?? '')),
          [],
          url,
        );
      }
      await target.forget();
    }
    this.#asked.clear();
  }

  async #read(tunnel: CanaryTunnel): Promise<void> {
    const path = this.#path();
    this.#check(await tunnel.visitor.fetch(tunnel.url + path), tunnel, { path, body: Buffer.alloc(0) });
  }

  async #write(tunnel: CanaryTunnel): Promise<void> {
    const path = this.#path();
    const body = randomBytes(70_000);
    this.#check(await tunnel.visitor.fetch(tunnel.url + path, { method: 'POST', body }), tunnel, { path, body });
  }

  async #mirror(tunnel: CanaryTunnel): Promise<void> {
    const body = randomBytes(50_000);
    const path = `/mirror?${this.#path()}`;
    this.#asked.add(path);
    const response = await tunnel.visitor.fetch(tunnel.url + path, { method: 'PUT', body });
    assert.deepEqual([response.status, response.bytes.equals(body)], [200, true], 'the mirrored body');
  }

  #path(): string {
    const path = `/canary/${randomBytes(8).toString('hex')}`;
    this.#asked.add(path);
    return path;
  }

  #check(
    response: { status: number; json(): unknown },
    { target }: CanaryTunnel,
    sent: { path: string; body: Buffer },
  ) {
    assert.equal(response.status, 200, `the status of ${sent.path}`);
    const echo = response.json() as Echo;
    assert.deepEqual(
      [echo.url, echo.bodySha256, said(echo.rawHeaders, 'x-forwarded-email'), said(echo.rawHeaders, 'host')],
      [sent.path, createHash('sha256').update(sent.body).digest('hex'), ['ana@acme.com'], [new URL(target.url).host]],
    );
  }
}

async function converse(socket: WebSocket): Promise<void> {
  const message = randomBytes(500);
  const done = new AbortController();
  const heard = Promise.race([
    once(socket, 'message', { signal: done.signal }),
    once(socket, 'close', { signal: done.signal }),
  ]);
  socket.send(message);
  const [reply] = (await heard) as [Buffer | number];
  done.abort();
  assert.ok(Buffer.isBuffer(reply) && reply.equals(message), 'the canary WebSocket');
}

// In every spelling that some server would read as this name.
function said(rawHeaders: readonly string[], name: string): string[] {
  return headerValues(
    rawHeaders.map((text, at) => (at % 2 === 0 ? normalizedName(text) : text)),
    name,
  );
}
