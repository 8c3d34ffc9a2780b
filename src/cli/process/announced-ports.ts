/** The ports that a development server names in its output. */

/** A local URL that was printed. */
export interface Announced {
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

// What `localhost` and all addresses are called, and addresses of a network.
const LOCAL_URL =
  /\b(https?):\/\/(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\]|\*|(?:10|172|192)(?:\.\d{1,3}){3})(?::(\d{1,5}))?(?![\w.:-])/gi;

// `Listening on port 3000`, `server started on :8080`: only where no URL is named.
const PORT = /\b(?:listening|running|started|ready|serving|available)\b[^\d\n]{0,40}(?:port\s*|:)(\d{2,5})\b(?!\.\d)/i;

const MAX_LINE_CHARS = 2_000;

/** What a line of output, without colours, says about where the server listens. */
export function announcedIn(line: string): readonly Announced[] {
  const text = line.slice(0, MAX_LINE_CHARS);
  const urls = [...text.matchAll(LOCAL_URL)].map(([, scheme = '', port]): Announced => {
    const isSecure = scheme.toLowerCase() === 'https';
    return { scheme: isSecure ? 'https' : 'http', port: port === undefined ? (isSecure ? 443 : 80) : Number(port) };
  });
  const [, named] = urls.length > 0 ? [] : (PORT.exec(text) ?? []);
  const all = named === undefined ? urls : [{ scheme: 'http' as const, port: Number(named) }];
  return all.filter(({ port }) => port >= 1 && port <= 65_535);
}
