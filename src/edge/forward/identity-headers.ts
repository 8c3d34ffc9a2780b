/**
 * Who is asking, as the target is told: the identity headers and the signed form of the same. A text that cannot be encoded
 * throws, and the request fails: an identity is never cut, never left out (see `http/header-rules.ts`).
 */
import type { Identity } from '../../auth/identity/identity.js';
import { encodeFieldText } from '../../http/header-rules.js';

export interface IdentityHeaders {
  readonly identity: Identity;
  /** The signed form of the same. */
  readonly assertion: string;
  /** As headers, once they were asked for. */
  fields?: readonly string[];
}

/** What a connection's last request was introduced with. */
export interface IdentityHeadersRecall {
  introduced?: IdentityHeaders;
}

/** The introduction of an identity: the one of the request before, when nothing about it has changed. */
export function identityHeadersOf(
  identity: Identity,
  assertion: string,
  recall: IdentityHeadersRecall,
): IdentityHeaders {
  const last = recall.introduced;
  if (last !== undefined && last.identity === identity && last.assertion === assertion) return last;
  recall.introduced = { identity, assertion };
  return recall.introduced;
}

/** The headers of an introduction. Throws `URIError` for an identity that cannot be carried. */
export function identityFields(introduction: IdentityHeaders): readonly string[] {
  introduction.fields ??= write(introduction);
  return introduction.fields;
}

function write({ identity: { subject, email, username, groups }, assertion }: IdentityHeaders): string[] {
  const fields = ['x-forwarded-user', encodeFieldText(subject), 'x-forwarded-email', encodeFieldText(email)];
  if (username !== undefined) fields.push('x-forwarded-preferred-username', encodeFieldText(username));
  if (groups.length > 0) fields.push('x-forwarded-groups', groups.map(encodeFieldText).join(','));
  fields.push('x-postern-assertion', assertion);
  return fields;
}
