/** Who plays in the demo, and what the terminal says about it. */

/** May open the tunnel. */
export const ANA = {
  sub: 'ana',
  name: 'Ana',
  email: 'ana@acme.com',
  email_verified: true,
  preferred_username: 'Ana',
  groups: ['engineering', 'friends'],
};

/** May not. */
export const EVE = {
  sub: 'eve',
  name: 'Eve',
  email: 'eve@elsewhere.test',
  email_verified: true,
  preferred_username: 'Eve',
};

/** The block that the demo begins with. */
export function welcome(url: string): string {
  return `
  Postern demo

  Open      ${url}

  Sign in   ${ANA.email.padEnd(20)} is let in
            ${EVE.email.padEnd(20)} is refused, and may ask to be let in:
                                 then press y, 8 or n here

  Try       the live clock, the chat in two windows, an upload, the slow answer
            curl -i ${url}
            sign out, then come back as the other one

  Ctrl-C stops everything. Requests that reach the app:

`;
}
