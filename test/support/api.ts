/** Calls the edge's API as a program with an agent's token. */
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
