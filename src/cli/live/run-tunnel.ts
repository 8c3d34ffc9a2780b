/** Runs one tunnel until Ctrl-C, a signal, the end of its time, or a refusal that waiting cannot change. */
import type { AgentConfig } from '../../config/agent-config.js';
import { PosternError } from '../../errors.js';
import type { Format } from '../output/display.js';
import { EXIT, printError } from '../process/exit.js';
import { ownName } from '../process/own-name.js';
import { endSignal, exitCodeAfter } from '../process/signals.js';
import { type FollowedFiles, followFiles } from './file-follower.js';
import { explainRefusal } from './refusals.js';
import { RunningTunnel } from './running-tunnel.js';
import { openShared } from './shared.js';

export const OVER = 'the time of this tunnel (--for) is over';

export async function runTunnel(config: AgentConfig, format: Format, files: FollowedFiles<AgentConfig>): Promise<void> {
  const name = config.name ?? ownName(process.cwd(), config.token);
  const shared = await openShared(config, format);
  const { display } = shared;
  const tunnel = new RunningTunnel(shared, { config, name });
  if (name !== config.name) display.hint(`named ${name} after this folder and you: --name chooses another.`);
  shared.keepToken(() => tunnel.redial());
  const stopWatching = followFiles(
    files,
    (changed) => tunnel.apply(changed),
    (text) => tunnel.view.hint(text),
  );
  const signal = endSignal();
  const end = await Promise.race([signal, tunnel.ended]);
  stopWatching();
  tunnel.leave();
  shared.keys?.close();
  shared.inspection?.close();
  display.close();
  if (typeof end !== 'string' && end.kind === 'failed') {
    const { error } = end;
    if (format === 'json' && error instanceof PosternError) tunnel.view.refused(error, '');
    throw explainRefusal(error, config);
  }
  if (typeof end !== 'string' && format === 'json') tunnel.view.over(OVER);
  printError(typeof end === 'string' ? 'finishing what is running; Ctrl-C again ends at once' : `${OVER}.`);
  await tunnel.close();
  await display.drained();
  process.exit(typeof end === 'string' ? exitCodeAfter(await signal) : EXIT.ok);
}
