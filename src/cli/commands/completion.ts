/** `postern completion`: prints a script with which a shell completes the commands; and what such a script asks, `postern __complete`. */
import type { Command } from 'commander';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { liveNames } from '../completion/names.js';
import { LIVE_KINDS, type LiveKind, type Node, readTree } from '../completion/tree.js';
import { zshScript } from '../completion/zsh.js';
import { Argument } from '../process/commander.js';
import { EXIT } from '../process/exit.js';

const SCRIPTS: Readonly<Record<string, (tree: readonly Node[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

// Longer than an edge takes, shorter than a person waits.
const MAX_WAIT_MS = 2_000;

/** Adds `postern completion`. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('Print the script with which your shell completes the commands: source <(postern completion bash).')
    .addArgument(new Argument('<shell>', 'The shell.').choices(Object.keys(SCRIPTS)))
    .action((shell: string) => {
      process.stdout.write(SCRIPTS[shell]?.(readTree(program)) ?? '');
    });
}

/** Adds `postern __complete`, which prints names of a kind for a command line, one a line. */
export function addCompleteCommand(program: Command): void {
  program
    .command('__complete', { hidden: true })
    .addArgument(new Argument('<kind>').choices(LIVE_KINDS))
    .argument('[words...]')
    .action(async (kind: LiveKind, words: readonly string[]) => {
      setTimeout(() => process.exit(EXIT.ok), MAX_WAIT_MS);
      const names = await liveNames(kind, words).catch(() => []); // nothing to complete is no error to a person who types
      process.stdout.write(names.map((name) => `${name}\n`).join(''), () => process.exit(EXIT.ok));
    });
}
