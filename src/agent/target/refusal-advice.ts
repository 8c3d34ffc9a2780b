/** The advice on a target that refuses a host or an origin: what it refuses, and the exact change that admits it. Pure. */
import type { TargetAddress } from './address.js';
import type { PublicAddress } from './public-address.js';
import type { Refusal } from './refusal.js';
import { hostFor } from './request-headers.js';

/** A sentence in two parts, without the colon between them and the dot behind them. */
export interface Advice {
  readonly problem: string;
  readonly fix: string;
}

/** The advice on a refusal that was recognised. */
export function adviceOn(refusal: Refusal, target: TargetAddress, publicAddress: PublicAddress): Advice {
  if (refusal.checks === 'origin') return adviceOnOrigin(refusal, target, publicAddress);
  if (refusal.checks === 'proxy')
    return { problem: `${refusal.server} refuses what a proxy forwards`, fix: refusal.fix('', '') };
  // Next.js checks the Origin, which is the public one on ordinary requests; all others check the Host.
  const checked = refusal.server === 'Next.js' ? publicAddress.hostname : hostFor(target, publicAddress);
  const host = checked.replace(/:\d+$/, '');
  const isPreserved =
    host === publicAddress.hostname && target.hostHeader === 'preserve' && refusal.server !== 'Next.js';
  const remedy = isPreserved ? ', or leave out --host-header preserve' : '';
  return {
    problem: `${refusal.server} refuses the host ${host}`,
    fix: `${refusal.fix(host, publicAddress.origin)}${remedy}`,
  };
}

function adviceOnOrigin(refusal: Refusal, target: TargetAddress, { host, origin }: PublicAddress): Advice {
  const fix = refusal.fix(host, origin);
  const isSettingOnly = refusal.needsSetting === true || target.hostHeader === 'preserve';
  return {
    problem: `${refusal.server} refuses what comes from ${origin}`,
    fix: isSettingOnly ? fix : `give the agent --host-header preserve, or ${fix}`,
  };
}
