/** Certificates from an authority (ACME, RFC 8555): the values of the options, and the configuration that they amount to. */
import { type ListenAddress, readListenAddress } from './addresses.js';
import { parsed, secretText, Value } from './value.js';

/** How names are proven beside the edge's own ports: not at all, or by TXT records. */
export type DnsProof =
  /** A name server that takes dynamic updates (RFC 2136). */
  | { readonly kind: 'update'; readonly server: ListenAddress }
  /** A program that publishes a record. */
  | { readonly kind: 'program'; readonly path: string };

/** An account with the authority that was opened outside of ACME (RFC 8555 section 7.3.4). */
export interface ExternalAccount {
  /** What the authority calls the key. */
  readonly kid: string;
  /** The MAC key. */
  readonly key: Uint8Array;
}

export interface AcmeConfig {
  /** The URL of the authority's directory. */
  readonly directory: string;
  /** Where the authority may write to. */
  readonly email: string | undefined;
  /** What the edge's own account belongs to, where the authority demands it. */
  readonly externalAccount: ExternalAccount | undefined;
  /** With TXT records one wildcard certificate; undefined: one certificate for each name, proven at the edge's own ports. */
  readonly dns: DnsProof | undefined;
  /** The file with the key for dynamic updates, as `tsig-keygen` prints it. */
  readonly dnsKey: string | undefined;
  /** What a program for records gets: the environment of the edge without Postern's own variables, which have secrets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const DNS_PORT = 53;
const MIN_MAC_KEY_BYTES = 16; // a shorter one was cut

/** `on` or `off`. */
export const acmeSwitch: Value<boolean> = parsed(
  (text) => (text === 'on' ? true : text === 'off' ? false : undefined),
  'a choice: expected on or off',
);

/** The directory of an authority. */
export const acmeDirectory: Value<string> = parsed((text) => {
  if (!/^https:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const { username, password, hash } = new URL(text);
  return username === '' && password === '' && hash === '' ? text : undefined;
}, 'the directory of a certificate authority: expected an https URL such as https://acme-v02.api.letsencrypt.org/directory');

/** `none`, `rfc2136:ns1.acme.com`, `rfc2136:192.0.2.1:5353`, `exec:/usr/local/bin/publish`. */
export const acmeDns: Value<DnsProof | 'none'> = parsed(
  readDnsProof,
  'a way to publish TXT records: expected none, rfc2136: and a name server, or exec: and the absolute path of a program',
);

const macKeyText = secretText(
  (text) => /^[\w+/-]+={0,2}$/.test(text) && Buffer.from(text, 'base64url').length >= MIN_MAC_KEY_BYTES,
  'it is not a MAC key: expected base64url, as the certificate authority shows it beside the key id',
);

/** A key in base64url, as authorities give it (RFC 8555 section 7.3.4); some of them in base64. */
export const macKey: Value<Uint8Array> = new Value((text) => {
  const { value, problems } = macKeyText.read(text);
  return { value: value === undefined ? undefined : Buffer.from(value, 'base64url'), problems };
});

function readDnsProof(text: string): DnsProof | 'none' | undefined {
  if (text === 'none') return text;
  const [, kind, rest = ''] = /^(rfc2136|exec):(.+)$/s.exec(text) ?? [];
  if (kind === 'exec') return /^\/[^\0]+$/.test(rest) ? { kind: 'program', path: rest } : undefined;
  if (kind !== 'rfc2136') return undefined;
  const hasPort = /:\d+$/.test(rest.replace(/^\[.*\]/, ''));
  const server = readListenAddress(hasPort ? rest : `${rest}:${DNS_PORT}`, 'one-address');
  return server === undefined || server.port === 0 ? undefined : { kind: 'update', server };
}

/** The options, as they were read. */
export interface AcmeValues {
  readonly acme?: boolean | undefined;
  readonly acme_email?: string | undefined;
  readonly acme_directory?: string | undefined;
  readonly acme_dns?: DnsProof | 'none' | undefined;
  readonly acme_dns_key?: string | undefined;
  readonly acme_eab_kid?: string | undefined;
  readonly acme_eab_key?: Uint8Array | undefined;
  readonly tls_cert?: string | undefined;
  readonly state_dir?: string | undefined;
  readonly store_url?: object | undefined;
  readonly url?: { readonly scheme: string; readonly host: string } | undefined;
}

/** What does not fit together, a sentence for each. */
export function acmeProblems(values: AcmeValues): string[] {
  const { acme, acme_dns: dns, acme_dns_key: key, tls_cert: cert, state_dir: folder, store_url: shared, url } = values;
  const isUpdate = typeof dns === 'object' && dns.kind === 'update';
  if (isUpdate && key === undefined)
    return [
      'POSTERN_ACME_DNS: rfc2136 needs a key: expected POSTERN_ACME_DNS_KEY with a file as tsig-keygen prints it.',
    ];
  if (acme !== true) return [];
  const problems: string[] = [];
  if (cert !== undefined)
    problems.push('POSTERN_ACME=on and POSTERN_TLS_CERT are two sources of certificates: expected one of them.');
  if (url !== undefined && (url.scheme !== 'https' || !url.host.includes('.')))
    problems.push(
      'POSTERN_ACME=on is for a public name: expected an https POSTERN_URL such as https://tunnel.acme.com.',
    );
  // Otherwise each restart would order again, and an authority issues the same certificate five times a week.
  if (folder === undefined && shared === undefined)
    problems.push(
      'POSTERN_ACME=on needs a place for certificates: expected POSTERN_STATE_DIR with the path of a folder, or POSTERN_STORE_URL.',
    );
  return problems;
}

/** The configuration; undefined when certificates come from elsewhere. */
export function toAcme(values: AcmeValues, env: Readonly<Record<string, string | undefined>>): AcmeConfig | undefined {
  const { acme, acme_email: email, acme_directory: directory, acme_dns: dns, acme_dns_key: dnsKey } = values;
  if (acme !== true || directory === undefined) return undefined;
  const { acme_eab_kid: kid, acme_eab_key: macKey } = values;
  const externalAccount = kid === undefined || macKey === undefined ? undefined : { kid, key: macKey };
  const environment = Object.fromEntries(Object.entries(env).filter(([name]) => !/^(?:POSTERN|OTEL)_/i.test(name)));
  return { directory, email, externalAccount, dns: dns === 'none' ? undefined : dns, dnsKey, environment };
}
