/** The shape of an option's row, and the names that follow from it: flag, environment variable, key in a file. */
import type { Value, ValueOf } from './value.js';

/** One option. Its key in the table is its key in a file, and with `-` for `_` its flag. */
export interface Option<T = unknown> {
  /** The environment variable, when it has one. */
  readonly env?: string;
  /** The placeholder of the value in `--help`: `<url>`. */
  readonly placeholder: string;
  /** An argument of the command instead of a flag. */
  readonly positional?: true;
  /** A secret is never a flag; a file that holds it can be named instead, by the same name with `_FILE`. */
  readonly secret?: true;
  /** The value is a list separated by commas, and its flag may be repeated. */
  readonly list?: true;
  /** Its flag alone means `true`. */
  readonly isSwitch?: true;
  /** The default, as text. */
  readonly default?: string;
  /** The option has no default and must be set: what is expected. */
  readonly required?: string;
  /** What the option means, as in `.env.example` and `--help`. */
  readonly description: string;
  readonly schema: Value<T>;
}

export type OptionTable = Readonly<Record<string, Option>>;

/** The values of a table. An option that has no default and is not required may be undefined. */
export type ValuesOf<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends { default: string } | { required: string }
    ? ValueOf<Table[Key]['schema']>
    : ValueOf<Table[Key]['schema']> | undefined;
};

/** The flag of an option: `--session-ttl` of `session_ttl`. A secret's names the file that holds it. */
export function flagOf(key: string, option: Option): string {
  if (option.positional) return option.placeholder;
  return `--${fileKeyOf(key, option).replaceAll('_', '-')}`;
}

/** The key of the flag: `session_ttl` itself, or `token_file` of the secret `token`. */
export function fileKeyOf(key: string, option: Option): string {
  return option.secret ? `${key}_file` : key;
}

/** Where an option can be set, for a message about one that is not. */
export function settableBy(key: string, option: Option): string {
  const { env, secret } = option;
  if (env === undefined) return flagOf(key, option);
  return secret ? `${env} (or ${env}_FILE)` : `${env} (or ${flagOf(key, option)})`;
}

/** The keys that a table's options have in a file. */
export function fileKeys(table: OptionTable): Set<string> {
  return new Set(Object.entries(table).flatMap(([key, option]) => [key, fileKeyOf(key, option)]));
}

/** The environment variables of a table's options. */
export function envNames(table: OptionTable): Set<string> {
  return new Set(
    Object.values(table).flatMap(({ env, secret }) => {
      if (env === undefined) return [];
      return secret ? [env, `${env}_FILE`] : [env];
    }),
  );
}
