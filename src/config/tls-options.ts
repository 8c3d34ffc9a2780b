/** The options of an edge about its certificates: from files, or from an authority. */
import { acmeDirectory, acmeDns, acmeSwitch, macKey } from './acme.js';
import type { OptionTable } from './options.js';
import { email, identifier, path } from './values.js';

/** The rows, by their key in `config/edge.yaml`. */
export const TLS_OPTIONS = {
  tls_cert: {
    env: 'POSTERN_TLS_CERT',
    placeholder: '<path>',
    description:
      'The certificate of the base host and of *. in front of it, with its chain, as a PEM file; read again when it changes.',
    schema: path,
  },
  tls_key: {
    env: 'POSTERN_TLS_KEY',
    placeholder: '<path>',
    description: 'The key of that certificate, without a passphrase, as a PEM file that others cannot read.',
    schema: path,
  },
  acme: {
    env: 'POSTERN_ACME',
    placeholder: '[on|off]',
    default: 'off',
    description:
      "Whether the edge obtains its certificates itself (ACME); on agrees to the authority's terms, and needs POSTERN_STATE_DIR or POSTERN_STORE_URL.",
    schema: acmeSwitch,
  },
  acme_email: {
    env: 'POSTERN_ACME_EMAIL',
    placeholder: '<email>',
    description: 'Where the certificate authority may write to.',
    schema: email,
  },
  acme_directory: {
    env: 'POSTERN_ACME_DIRECTORY',
    placeholder: '<url>',
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    description: 'The directory of the certificate authority.',
    schema: acmeDirectory,
  },
  acme_eab_kid: {
    env: 'POSTERN_ACME_EAB_KID',
    placeholder: '<id>',
    description:
      'For an authority that demands an account with it (external account binding): the id of the key that it gave you.',
    schema: identifier,
  },
  acme_eab_key: {
    env: 'POSTERN_ACME_EAB_KEY',
    placeholder: '<key>',
    secret: true,
    description: 'The MAC key of that id, as the authority gave it.',
    schema: macKey,
  },
  acme_dns: {
    env: 'POSTERN_ACME_DNS',
    placeholder: '<way>',
    default: 'none',
    description:
      'How a wildcard certificate is proven: rfc2136:<name server> (dynamic updates), exec:<program> (called with present or cleanup, name, text), or none: a certificate for each name, proven at ports 80 and 443.',
    schema: acmeDns,
  },
  acme_dns_key: {
    env: 'POSTERN_ACME_DNS_KEY',
    placeholder: '<path>',
    description: 'The file with the key for dynamic updates, as tsig-keygen prints it.',
    schema: path,
  },
} as const satisfies OptionTable;
