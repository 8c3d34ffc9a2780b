/**
 * What the pages about access have in common: the address that they are about, the account of the visitor, and the refusal of
 * accounts that no owner could let in.
 */
import { ceilingAllows, decide } from '../../auth/identity/policy.js';
import type { Session } from '../../auth/session/session.js';
import { type BaseAddress, isTunnelName, tunnelHost } from '../../core/hostname.js';
import type { Rule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import type { Registry } from '../gate/registry.js';
import type { Block, Page } from '../replies/page.js';
import { groupsLeftOut } from './groups-left-out.js';
import { signInTo } from './sign-in-choice.js';

/** The tunnel that a link or a form names. Throws `ERR_BAD_REQUEST` for what cannot be the name of one. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string' && isTunnelName(value)) return value;
  throw new PosternError('ERR_BAD_REQUEST', 'no name of a tunnel', { text: 'This link names no address.' });
}

/** Whether this visitor may open the tunnel of a name now. */
export function isOpenTo(registry: Registry, name: string, { identity }: Session): boolean {
  const tunnel = registry.find(name);
  return tunnel !== undefined && decide(tunnel.policy, identity).allow;
}

/** Whether an owner could let this account in: the same for every name. */
export function mayBeLetIn(ceiling: readonly Rule[] | undefined, { identity }: Session): boolean {
  return identity.emailVerified && (ceiling === undefined || ceilingAllows(ceiling, identity) !== undefined);
}

/** For an account that no owner could let in. `path` is where it may try again with another one. */
export function refusalPage(base: BaseAddress, name: string, session: Session, path: string): Page {
  const text = session.identity.emailVerified
    ? `The operator of ${base.host} does not permit accounts like yours on any app here. Ask the operator, or use another account.`
    : 'Your identity provider has not verified your e-mail address, so nobody can be let in with it. Use another account.';
  const blocks = [{ kind: 'text', text } as const, ...groupsLeftOut(session, path), switchAccount(path, 'main')];
  return accessPage(base, name, session, 'Not open to you', blocks);
}

/** The link to another account, which leads back to a path of the base host. */
export function switchAccount(path: string, rank: 'main' | 'other'): Block {
  return { kind: 'link', label: 'Switch account', href: signInTo(path, 'other'), rank };
}

/** A page with the address and the account below. */
export function accessPage(
  base: BaseAddress,
  name: string,
  { identity }: Session,
  title: string,
  blocks: readonly Block[],
): Page {
  return {
    title,
    blocks,
    facts: [
      ['Address', tunnelHost(base, name)],
      ['Signed in as', identity.email],
    ],
  };
}
