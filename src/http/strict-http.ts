/**
 * Options for every server and client of `node:http`: a lenient parser reads two requests where another recipient reads one
 * (request smuggling), and `NODE_OPTIONS=--insecure-http-parser` must not make ours lenient.
 */
export const STRICT_PARSER = { insecureHTTPParser: false } as const;
