/** Where a node is reached by the others: a Unix socket of the same machine, or a host with TLS. */

export type PeerAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tls'; readonly host: string; readonly port: number };

/** `unix:/run/postern/peer-1.sock` or `https://10.0.0.7:7443`; undefined for anything else. */
export function readPeerAddress(text: string): PeerAddress | undefined {
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length) };
  const [, bracketed, plain, port = ''] = /^https:\/\/(?:\[([0-9a-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65_535 ? undefined : { kind: 'tls', host, port: Number(port) };
}

/** The address of a host as other nodes read it. */
export function writePeerAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
