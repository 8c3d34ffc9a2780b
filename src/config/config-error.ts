/** The one error of a configuration: every problem at once, each a sentence that names the option and what was expected. */
import { PosternError } from '../errors.js';

/** `ERR_CONFIG_INVALID`. Nothing was started when it is thrown. */
export class ConfigError extends PosternError {
  /** One sentence each; never empty, never holds a secret. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('ERR_CONFIG_INVALID', problems.join(' '));
    this.problems = problems;
  }
}
