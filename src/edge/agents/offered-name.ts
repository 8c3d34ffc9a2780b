/** The name that an offer is about: the one that it says, else the first whole one of its token. */
import { isTunnelName } from '../../core/hostname.js';
import { coversName } from '../../core/name-pattern.js';
import { PosternError } from '../../errors.js';
import type { Offer } from '../../link/handshake.js';
import type { TokenGrant } from '../../link/token.js';

/** Throws `ERR_NAME_FORBIDDEN` when there is none, or when the token does not permit it. */
export function chooseName(offer: Offer, { tunnels }: TokenGrant): string {
  const name = offer.name ?? tunnels.find((pattern) => isTunnelName(pattern));
  if (name === undefined) throw forbidden('The token names no tunnel in full: choose one with --name.');
  if (!isTunnelName(name))
    throw forbidden('A tunnel name is a DNS label (a-z, 0-9, inner hyphens) that is not reserved.');
  if (!coversName(tunnels, name)) throw forbidden(`The token does not permit the name ${name}.`);
  return name;
}

function forbidden(text: string): PosternError {
  return new PosternError('ERR_NAME_FORBIDDEN', text, { text });
}
