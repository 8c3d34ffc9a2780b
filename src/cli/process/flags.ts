/** The options of a table as flags of a command, and their values back. A secret as a flag is rejected with an explanation. */
import type { Command, Option as Flag } from 'commander';
import { ConfigError } from '../../config/config-error.js';
import { fileKeyOf, flagOf, type OptionTable, type Option as Row } from '../../config/options.js';
import { Option } from './commander.js';

/** Adds the flags of a table's options to a command. */
export function addFlags(command: Command, table: OptionTable): void {
  for (const [key, row] of Object.entries(table)) {
    if (row.positional) continue;
    command.addOption(flagFor(key, row));
    if (row.secret) command.addOption(rejectedSecretFlag(key, row));
  }
}

/** Adds `--config`, which names a YAML file. */
export function addConfigFlag(command: Command, sentence: string): void {
  command.option('--config <path>', sentence);
}

/** The text of each flag that was given, by the key of its option. */
export function givenFlags(command: Command, table: OptionTable): Record<string, string | undefined> {
  const given = command.opts<Record<string, unknown>>();
  const flags: Record<string, string | undefined> = {};
  for (const [key, row] of Object.entries(table)) {
    const text = given[fileKeyOf(key, row).replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];
    if (text !== undefined && !row.positional) flags[fileKeyOf(key, row)] = String(text);
  }
  return flags;
}

function flagFor(key: string, row: Row): Flag {
  if (row.isSwitch) return new Option(flagOf(key, row), describe(row));
  const option = new Option(`${flagOf(key, row)} ${row.secret ? '<path>' : row.placeholder}`, describe(row));
  if (!row.list) return option;
  return option.argParser((text: string, before: string | undefined) =>
    before === undefined ? text : `${before},${text}`,
  );
}

function rejectedSecretFlag(key: string, row: Row): Flag {
  const name = `--${key.replaceAll('_', '-')}`;
  return new Option(`${name} [value]`).hideHelp().argParser(() => {
    throw new ConfigError([
      `${name}: a secret on the command line is seen by everyone on the machine; expected ${row.env}, ${row.env}_FILE or ${flagOf(key, row)}.`,
    ]);
  });
}

function describe({ description: sentence, default: fallback, env, secret }: Row): string {
  const notes = [
    secret && 'a file; - is standard input',
    fallback && `default: ${fallback}`,
    env && `env: ${secret ? `${env}, ${env}_FILE` : env}`,
  ].filter(Boolean);
  return notes.length === 0 ? sentence : `${sentence} (${notes.join('; ')})`;
}
