/** The table of routes: method, path and what is demanded of a request. */
import type { Demand } from './guard.js';
import type { Call, Reply } from './reply.js';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `:name` stands for one segment. */
  readonly path: string;
  readonly demand: Demand;
  readonly serve: (call: Call) => Reply | Promise<Reply>;
}

export interface Found {
  readonly route: Route;
  readonly params: ReadonlyMap<string, string>;
}

/** The route of a path; the methods of that path when there is none of this method. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): Found | { readonly methods: readonly string[] } {
  const methods: string[] = [];
  for (const route of routes) {
    const params = match(route.path, path);
    if (params === undefined) continue;
    if (route.method === method || (route.method === 'GET' && method === 'HEAD')) return { route, params };
    methods.push(route.method);
  }
  return { methods };
}

function match(pattern: string, path: string): ReadonlyMap<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params = new Map<string, string>();
  for (const [at, part] of wanted.entries()) {
    const value = given[at] as string; // as many as wanted
    if (!part.startsWith(':')) {
      if (part !== value) return undefined;
    } else if (value === '') return undefined;
    else params.set(part.slice(1), value);
  }
  return params;
}
