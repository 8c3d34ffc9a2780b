/**
 * For every server and client of `node:http` here: what reads HTTP/1.1 loosely reads two requests where another reader
 * sees one, and `NODE_OPTIONS=--insecure-http-parser` must not make us such a reader.
 */
export const STRICT_PARSER = { insecureHTTPParser: false } as const;
