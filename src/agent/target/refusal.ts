/** The shape of a refusal of a host or an origin by a development server. */

/** The beginning of a response. */
export interface ResponseStart {
  readonly status: number;
  /** Of the request. */
  readonly path: string;
  /** Its content type is text, as with all servers that reject a host. */
  readonly isText: boolean;
  /** The first characters of the body. */
  readonly text: string;
  /** The `Server` header. */
  readonly server?: string | undefined;
  /** It rejects a request from the tunnel's own page, and serves others. */
  readonly isByOrigin?: boolean;
}

export interface Refusal {
  readonly server: string;
  /**
   * `origin`: it compares `Origin`, the public one, with `Host`: they agree when the agent preserves the latter. `proxy`: it
   * rejects the headers by which a proxy tells of a visitor. Without it: it rejects the `Host`.
   */
  readonly checks?: 'origin' | 'proxy';
  /** It may be JSON. */
  readonly isData?: true;
  /** Only its setting helps: it compares the scheme too, which it takes for http, or has a list. */
  readonly needsSetting?: true;
  matches(start: ResponseStart): boolean;
  /** The change at the target that admits `host`, a name without port, or its `origin`. */
  fix(host: string, origin: string): string;
}

/** Whether a body is a message of JSON-RPC, as from an MCP server. */
export function isJsonRpc(text: string): boolean {
  return text.startsWith('{"jsonrpc"');
}
