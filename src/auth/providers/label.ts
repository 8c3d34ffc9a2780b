/** What visitors call a provider that its operator gave no label. */

const NAMES: Readonly<Record<string, string>> = {
  'accounts.google.com': 'Google',
  'login.microsoftonline.com': 'Microsoft',
  'gitlab.com': 'GitLab',
};

/** A well-known name, or the host of the issuer. */
export function labelOf(issuer: URL): string {
  return Object.hasOwn(NAMES, issuer.hostname) ? (NAMES[issuer.hostname] as string) : issuer.host; // as just checked
}
