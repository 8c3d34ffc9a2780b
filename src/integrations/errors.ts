/** What the command reports in its own classes, as the one class of errors that a program meets. */
import { CommandError, EXIT } from '../cli/process/exit.js';
import { ConfigError } from '../config/config-error.js';
import { SignInNeeded } from '../config/sign-in-needed.js';
import { asPosternError, type ErrorCode, PosternError } from '../errors.js';

/** Converts anything thrown on the way to an edge, or in a request to its API. */
export function asLibraryError(thrown: unknown): PosternError {
  if (thrown instanceof SignInNeeded) return translated('ERR_TOKEN_INVALID', thrown.problems.join('\n'), thrown);
  if (thrown instanceof ConfigError) return translated('ERR_CONFIG_INVALID', thrown.problems.join('\n'), thrown);
  if (!(thrown instanceof CommandError)) return asPosternError(thrown);
  if (thrown.cause instanceof PosternError) return thrown.cause;
  return translated(thrown.exitCode === EXIT.usage ? 'ERR_CONFIG_INVALID' : 'ERR_LINK_LOST', thrown.message, thrown);
}

function translated(code: ErrorCode, message: string, cause: Error): PosternError {
  return new PosternError(code, message, { cause });
}
