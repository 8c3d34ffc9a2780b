/** `Set-Cookie` lines by which an app would set a cookie of the edge, in all spellings; none may reach a browser. */

/** A cookie without a name is sent as its value alone, and then reads like one with a name. */
export const NOT_SETTABLE = [
  `postern-session=evil`,
  `postern-session=evil; Path=/x`,
  ` postern-session = evil`,
  'POSTERN-Session=evil',
  `__Host-postern-session=evil; Secure; Path=/`,
  `__Secure-postern-session=evil; Secure`,
  'postern-nonce=evil',
  'postern-signin-zzzzzzzzzzzzzzzzz=evil',
  `=postern-session=nameless`,
  `= postern-session=nameless`,
  `==postern-session=nameless`,
  `postern-session`,
];
