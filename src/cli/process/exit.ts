/** How a command ends: the exit codes, and the message when it fails. A stack is shown for bugs only. */
import { ConfigError } from '../../config/config-error.js';
import { SignInNeeded } from '../../config/sign-in-needed.js';
import { printable } from '../../config/text.js';
import { PosternError } from '../../errors.js';

/** The exit codes, stable across releases. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** Sign-in is needed, or the edge refused permanently. */
  refused: 4,
  interrupted: 130,
} as const;

/** A failure that needs no explanation beyond its sentence. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failure, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Writes to standard error what went wrong and returns the exit code. */
export function reportFailure(thrown: unknown): number {
  if (thrown instanceof ConfigError) {
    for (const problem of thrown.problems) printError(problem);
    return thrown instanceof SignInNeeded ? EXIT.refused : EXIT.usage;
  }
  if (thrown instanceof CommandError) {
    printError(thrown.message);
    return thrown.exitCode;
  }
  if (thrown instanceof PosternError && thrown.code !== 'ERR_INTERNAL') {
    printError(`${thrown.message} (${thrown.code})`);
    return thrown.code === 'ERR_CONFIG_INVALID' ? EXIT.usage : EXIT.failure;
  }
  printError(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  return EXIT.failure;
}

/** Writes one line to standard error. */
export function printError(text: string): void {
  process.stderr.write(`postern: ${text.split('\n').map(printable).join('\n')}\n`);
}

/** The system error among the causes of a thrown error: `EADDRINUSE` and the like. */
export function systemError(thrown: unknown): NodeJS.ErrnoException | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('syscall' in error && 'code' in error) return error as NodeJS.ErrnoException;
  }
  return undefined;
}
