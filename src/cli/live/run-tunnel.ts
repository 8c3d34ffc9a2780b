/** Runs one tunnel until Ctrl-C, a signal, the end of its time, or a refusal that waiting cannot change. */
import type { AgentConfig } from '../../config/agent-config.js';
import { PosternError } from '../../errors.js';
import type { Format } from '../output/display.js';
import { EXIT, printError } from '../process/exit.js';
import { watchFile } from '../process/file-watch.js';
import { ownName } from '../process/own-name.js';
import { endSignal, exitCodeAfter } from '../process/signals.js';
import { explainRefusal } from './refusals.js';
import { RunningTunnel } from './running-tunnel.js';
import { openShared } from './shared.js';

/** The developer's file, and how the configuration is read again after it has changed. */
export interface ConfigFile {
  readonly path: string;
  readonly read: () => AgentConfig;
}

export const OVER = 'the time of this tunnel (--for) is over';

export async function runTunnel(config: AgentConfig, format: Format, file: ConfigFile): Promise<void> {
  const name = config.name ?? ownName(process.cwd(), config.token);
  const shared = await openShared(config, format);
  const { display } = shared;
  const tunnel = new RunningTunnel(shared, { config, name });
  if (name !== config.name) display.hint(`named ${name} after this folder and you: --name chooses another.`);
  shared.keepToken(() => tunnel.redial());
  const stopWatching = follow(file, tunnel);
  const signal = endSignal();
  const end = await Promise.race([signal, tunnel.ended]);
  stopWatching();
  tunnel.leave();
  shared.keys?.close();
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

function follow(file: ConfigFile, tunnel: RunningTunnel): () => void {
  return watchFile(file.path, () => {
    try {
      tunnel.apply(file.read());
    } catch (error) {
      tunnel.view.hint(`the rules stay as they were: ${(error as Error).message}`);
    }
  });
}
