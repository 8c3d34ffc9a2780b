/** How a command ends: the exit codes, and what a person is told when it fails. A stack is shown for our own faults only. */
import { ConfigError } from '../../config/config-error.js';
import { printable } from '../../config/text.js';
import { PosternError } from '../../errors.js';

/** The exit codes, stable across releases. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** Sign-in is needed, or the edge refused for good. */
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

/** Says on standard error what went wrong and gives the exit code that stands for it. */
export function reportFailure(thrown: unknown): number {
  if (thrown instanceof ConfigError) {
    for (const problem of thrown.problems) printError(problem);
    return EXIT.usage;
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

/** One line for the person at the terminal, on standard error. */
export function printError(text: string): void {
  process.stderr.write(`postern: ${text.split('\n').map(printable).join('\n')}\n`);
}

/** The error of the system behind a thrown error, found along its causes: `EADDRINUSE` and the like. */
export function systemError(thrown: unknown): NodeJS.ErrnoException | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('syscall' in error && 'code' in error) return error as NodeJS.ErrnoException;
  }
  return undefined;
}
