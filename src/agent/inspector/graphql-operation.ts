/** The name of the operation of a GraphQL request, which tells requests to one path apart. */
import { fieldValue } from '../../http/fields.js';
import type { KeptExchange } from './kept-exchange.js';

// A row is shown for each request: no more of a body than this is looked at.
const MAX_LOOKED_AT_BYTES = 65_536;
const NAME = /^[_A-Za-z]\w{0,99}$/;

/** Undefined for anything else. */
export function graphqlOperation({ head, requestBody }: KeptExchange): string | undefined {
  if (!/graphql/i.test(head.path)) return undefined;
  if (head.method === 'GET') return nameOf(queryOf(head.path).get('operationName'));
  const isJson = fieldValue(head.headers, 'content-type')?.includes('json') === true;
  if (!isJson || requestBody.kept === 0 || requestBody.kept > MAX_LOOKED_AT_BYTES) return undefined;
  try {
    const body: unknown = JSON.parse(requestBody.read().toString());
    const { operationName, query } = (Array.isArray(body) ? body[0] : body) as Record<string, unknown>;
    return nameOf(operationName) ?? nameOf(/\b(?:query|mutation|subscription)[ \t\r\n]+(\w+)/.exec(String(query))?.[1]);
  } catch {
    return undefined; // not JSON, or not of GraphQL
  }
}

function queryOf(path: string): URLSearchParams {
  return new URLSearchParams(path.slice(path.indexOf('?') + 1));
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && NAME.test(value) ? value : undefined;
}
