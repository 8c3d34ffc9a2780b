/** Runs several tunnels until Ctrl-C, a signal, or the end of the last one. */
import { isDeepStrictEqual } from 'node:util';
import type { TunnelConfig } from '../../config/tunnels-config.js';
import type { Format } from '../output/display.js';
import { EXIT, printError } from '../process/exit.js';
import { endSignal, exitCodeAfter } from '../process/signals.js';
import { type FollowedFiles, followFiles } from './file-follower.js';
import { openShared } from './shared.js';
import { TunnelSet } from './tunnel-set.js';

export type Tunnels = readonly [TunnelConfig, ...TunnelConfig[]];

export async function runTunnels(configs: Tunnels, format: Format, files: FollowedFiles<Tunnels>): Promise<void> {
  const [first] = configs;
  const shared = await openShared(first, format);
  const { display } = shared;
  const tunnels = new TunnelSet(shared, configs);
  shared.keepToken(() => tunnels.redial());
  const apply = (changed: Tunnels) => {
    tunnels.apply(changed);
    if (!isSameAgent(first, changed[0]))
      display.hint('edge, token_file, links, notify and inspect count from the next start.');
  };
  const stopWatching = followFiles(files, apply, display.hint);
  const signal = endSignal();
  const end = await Promise.race([signal, tunnels.ended]);
  stopWatching();
  tunnels.leave();
  shared.keys?.close();
  shared.inspection?.close();
  display.close();
  if (typeof end === 'string') printError('finishing what is running; Ctrl-C again ends at once');
  await tunnels.close();
  await display.drained();
  const code = typeof end === 'string' ? exitCodeAfter(end) : EXIT.ok;
  process.exit(code === EXIT.ok ? tunnels.exitCode : code);
}

function isSameAgent(one: TunnelConfig, other: TunnelConfig): boolean {
  const isSameToken = one.isSignedIn ? other.isSignedIn : one.token === other.token; // a sign-in renews its own
  const isSameInspector = isDeepStrictEqual(one.inspect, other.inspect);
  const isSameWay = one.edge === other.edge && one.links === other.links;
  return isSameWay && isSameToken && one.notify === other.notify && isSameInspector;
}
