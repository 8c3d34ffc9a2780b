/** Calls the edge's API as a program with an agent's token. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { World } from './world.js';

export interface ApiResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Api = (method: string, path: string, body?: unknown) => Promise<ApiResponse>;

/** The API of a world's edge, for the owner of a token; that of the world's agent unless another one is given. */
export async function apiOf(world: World, token?: string): Promise<Api> {
  const authorization = `Bearer ${token ?? (await world.token())}`;
  const program = world.visitor();
  return async (method, path, body) => {
    const { status, text } = await program.bare(`${world.base}/.postern/api/v1${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status, body: text === '' ? {} : JSON.parse(text) };
  };
}

/** A stream of the API's events, whose text is kept from its first byte on. */
export interface Events {
  /** Resolves once the text has matched. */
  until(pattern: RegExp): Promise<void>;
  /** Resolves once the stream has ended. */
  readonly ended: Promise<void>;
  text(): string;
  close(): void;
}

export async function readEvents(world: World, token: string, lastId?: string): Promise<Events> {
  const headers = { authorization: `Bearer ${token}`, ...(lastId !== undefined && { 'last-event-id': lastId }) };
  const { body } = await world.visitor().stream(`${world.base}/.postern/api/v1/events`, 'bare', { headers });
  return readText(body);
}

/** Reads a stream from its first byte on. */
export function readText(body: Readable): Events {
  body.setEncoding('utf8');
  let text = '';
  body.on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<void>((resolve) => body.once('close', () => resolve()));
  return {
    ended,
    until: async (pattern) => {
      while (!pattern.test(text)) await once(body, 'data');
    },
    text: () => text,
    close: () => body.destroy(),
  };
}
