/**
 * Calls to the agent's API. Who asks is said by the browser's cookie, which is not readable here, together with the page's own half,
 * which is kept in the storage of this origin: a cookie goes to every port of this machine.
 */
import type { ApiError, SessionReply } from '../../wire.js';

const PAGE = 'page';

export function keepPage({ page }: SessionReply): void {
  localStorage.removeItem(PAGE); // so that other pages of the browser are told, whether or not it is another one
  localStorage.setItem(PAGE, page);
}

export class ApiFailure extends Error {
  /** 0 when there was no response: the agent has ended. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The JSON of a GET. It comes from the agent that gave us this page, in the shapes of `wire.ts`. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await call(path, { ...(signal && { signal }) })).json()) as T;
}

export async function getBytes(path: string): Promise<{ readonly bytes: Uint8Array; readonly response: Response }> {
  const response = await call(path);
  return { bytes: new Uint8Array(await response.arrayBuffer()), response };
}

/** Something that acts; undefined when there is nothing to say (204). */
export async function act<T = undefined>(method: 'POST' | 'DELETE', path: string, body: unknown = {}): Promise<T> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await call(path, { method, headers, body: JSON.stringify(body) });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** The path of one exchange. */
export function exchangePath(id: string, rest = ''): string {
  return `/api/exchanges/${encodeURIComponent(id)}${rest}`;
}

export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, 'Postern-Page': localStorage.getItem(PAGE) ?? '' };
  const response = await fetch(path, { ...init, headers, redirect: 'error' }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiFailure(0, 'no-agent', 'The agent does not respond: it may have ended.');
  });
  if (response.ok) return response;
  const { error } = ((await response.json().catch(() => ({}))) as Partial<ApiError>) ?? {};
  throw new ApiFailure(
    response.status,
    error?.code ?? 'unknown',
    error?.message ?? `The agent responded ${response.status}.`,
  );
}

/** For a notice. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
