/** Follows the files of running tunnels: what was saved counts, and a mistake in it changes nothing. */
import { ConfigError } from '../../config/config-error.js';
import { watchFile } from '../process/file-watch.js';

export interface FollowedFiles<Config> {
  readonly paths: readonly string[];
  /** Reads the configuration again; throws when it is wrong. */
  readonly read: () => Config;
}

/** Applies the configuration whenever one of the files has changed. Returns what ends that. */
export function followFiles<Config>(
  { paths, read }: FollowedFiles<Config>,
  apply: (config: Config) => void,
  hint: (text: string) => void,
): () => void {
  let told: string | undefined;
  const changed = () => {
    try {
      apply(read());
      told = undefined;
    } catch (error) {
      const sentence = sentenceOf(error);
      if (sentence !== told) hint(`all stays as it was: ${sentence}`);
      told = sentence; // an editor saves in several steps, and often
    }
  };
  const stops = paths.map((path) => watchFile(path, changed));
  return () => {
    for (const stop of stops) stop();
  };
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof ConfigError)) return error instanceof Error ? error.message : String(error);
  const [first = '', ...more] = error.problems;
  return more.length === 0 ? first : `${first} (and ${more.length} more: postern config check --agent)`;
}
