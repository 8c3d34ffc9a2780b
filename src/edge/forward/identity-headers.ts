/**
 * The headers that tell the target who the visitor is, and the same as a signed assertion. An identity that cannot be encoded
 * throws, and the request fails: an identity is never cut, never left out (see `http/header-rules.ts`).
 */
import type { Identity } from '../../auth/identity/identity.js';
import { encodeFieldText } from '../../http/header-rules.js';

/** Names and values in turn. `assertion` is the signed form of `identity`. Throws `URIError` for lone surrogates. */
export function identityHeaders({ subject, email, username, groups }: Identity, assertion: string): readonly string[] {
  const fields = ['x-forwarded-user', encodeFieldText(subject), 'x-forwarded-email', encodeFieldText(email)];
  if (username !== undefined) fields.push('x-forwarded-preferred-username', encodeFieldText(username));
  if (groups.length > 0) fields.push('x-forwarded-groups', groups.map(encodeFieldText).join(','));
  fields.push('x-postern-assertion', assertion);
  return fields;
}
