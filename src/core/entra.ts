/** The issuers of Microsoft Entra, in all of its clouds. */

/** Whether an issuer with this host name is Entra. */
export function isEntra(hostname: string): boolean {
  return /(?:^|\.)(?:microsoftonline\.(?:com|us|cn)|windows\.net)$/.test(hostname);
}

/** Whether an issuer is Entra for the accounts of every organisation. Its ID tokens name the issuer of the account's own. */
export function isOfAllTenants({ hostname, pathname }: URL): boolean {
  return isEntra(hostname) && /^\/(?:common|organizations)(?:\/|$)/i.test(pathname);
}
