/** A Postern in front of a target of bare bytes, with two visitors who are signed in: what one leaves there the other may meet. */
import { RawTarget } from './raw-target.js';
import { rawExchange, type Visitor } from './visitor.js';
import { startWorld, type World } from './world.js';

export interface RawWorld {
  readonly world: World;
  readonly raw: RawTarget;
  readonly ana: Visitor;
  readonly bob: Visitor;
  /** Everything that ana is sent for a request with header lines of her own; the connection ends behind it. */
  anaAsks(method: string, path: string, ...lines: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export async function startRawWorld(): Promise<RawWorld> {
  const raw = await RawTarget.start();
  const world = await startWorld({ targetUrl: raw.url }).catch(async (error) => {
    await raw.close();
    throw error;
  });
  const ana = await world.signedIn('ana');
  return {
    world,
    raw,
    ana,
    bob: await world.signedIn('bob'),
    anaAsks(method, path, ...lines) {
      const own = [`Host: ${new URL(world.url).host}`, `Cookie: ${ana.jar.header(new URL(world.url))}`, ...lines];
      return rawExchange(world.port, `${method} ${path} HTTP/1.1\r\n${own.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    },
    async close() {
      await world.close();
      await raw.close();
    },
  };
}
