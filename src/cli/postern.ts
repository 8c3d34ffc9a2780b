#!/usr/bin/env node
/** The `postern` command: one program, one file per command. Gives every failure its exit code. */
import { Command, CommanderError } from 'commander';
import { addConfigCommand } from './config-check.js';
import { addEdgeCommand } from './edge.js';
import { EXIT, report } from './exit.js';
import { addHttpCommand } from './http.js';
import { endWithReader } from './sinks.js';
import { isTunnelOfFile } from './sources.js';
import { addTokenCommand } from './token.js';
import { tuneProcess } from './tuning.js';
import { readVersion } from './version.js';

tuneProcess();

endWithReader();

try {
  const program = createProgram();
  await program.parseAsync(expandShort(process.argv.slice(2), program), { from: 'user' });
} catch (thrown) {
  process.exit(thrown instanceof CommanderError ? usageCode(thrown) : report(thrown));
}

function createProgram(): Command {
  const program = new Command('postern')
    .description('Put localhost behind a public URL that only the people you allow can open.')
    .version(readVersion(), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [command]', 'Print the help of a command.')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'postern: ')) })
    .showSuggestionAfterError()
    .exitOverride();
  addHttpCommand(program);
  addEdgeCommand(program);
  addTokenCommand(program);
  addConfigCommand(program);
  return program;
}

/** `postern 5173` is `postern http 5173`, and so are URLs, `localhost:5173` and the name of a tunnel of the file. */
function expandShort(args: readonly string[], program: Command): string[] {
  const [first = ''] = args;
  const isTarget = /^(?:\d+|https?:\/\/.*|[^-/][^/]*:\d+)$/i.test(first);
  const isCommand =
    first === '' ||
    first.startsWith('-') ||
    first === 'help' ||
    program.commands.some((command) => command.name() === first);
  return isTarget || (!isCommand && isTunnelOfFile(first, configFlag(args))) ? ['http', ...args] : [...args];
}

function configFlag(args: readonly string[]): string | undefined {
  const joined = args.find((arg) => arg.startsWith('--config='));
  const at = args.indexOf('--config');
  return joined?.slice('--config='.length) ?? (at === -1 ? undefined : args[at + 1]);
}

// Help and version were asked for; everything else that commander throws is a wrong command line.
function usageCode({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT.ok : EXIT.usage;
}
