/** The issuers of Microsoft Entra, in all of its clouds. */

/** Whether an issuer with this host name is Entra. */
export function isEntra(hostname: string): boolean {
  return /(?:^|\.)(?:microsoftonline\.(?:com|us|cn)|windows\.net)$/.test(hostname);
}
