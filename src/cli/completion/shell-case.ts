/** What the scripts of all shells are made of: groups of patterns with the same outcome, for one `case` each. */
import type { Node, Values } from './tree.js';

/** Patterns that have the same outcome. */
export interface Group {
  readonly patterns: readonly string[];
  readonly values: Values;
}

/** The paths of all commands below the program: a word that makes one leads down the tree. */
export function commandPaths(tree: readonly Node[]): string[] {
  return tree.flatMap(({ path, subcommands }) => subcommands.map(({ name }) => `${path}/${name}`));
}

/** `/http --name`, for each flag that takes a value, grouped by what it takes. */
export function valueFlags(tree: readonly Node[]): readonly Group[] {
  return grouped(
    tree.flatMap(({ path, flags }) =>
      flags.flatMap(({ name, values }) => (values === undefined ? [] : [{ pattern: `${path} ${name}`, values }])),
    ),
  );
}

/** The paths of commands with an argument, grouped by what it is. */
export function commandArguments(tree: readonly Node[]): readonly Group[] {
  return grouped(
    tree.flatMap(({ path, argument }) => (argument === undefined ? [] : [{ pattern: path, values: argument }])),
  );
}

function grouped(rows: readonly { readonly pattern: string; readonly values: Values }[]): Group[] {
  const groups = new Map<string, { patterns: string[]; values: Values }>();
  for (const { pattern, values } of rows) {
    const key = JSON.stringify(values);
    const group = groups.get(key) ?? { patterns: [], values };
    group.patterns.push(pattern);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** An arm of a `case` for each group, in bash and zsh. */
export function arms(groups: readonly Group[], outcome: (values: Values) => string): string {
  return groups.map(({ patterns, values }) => arm(patterns, outcome(values))).join('\n');
}

/** One arm. */
export function arm(patterns: readonly string[], outcome: string): string {
  return `      ${patterns.map(singleQuoted).join(' | ')}) ${outcome} ;;`;
}

/** The body of the loop over the words before the cursor: `$at` is the command that they name, `$flag` the flag whose value is next. */
export function followWord(tree: readonly Node[]): string {
  const flags = valueFlags(tree).flatMap(({ patterns }) => patterns);
  return `    if [[ -n $flag ]]; then flag=''; continue; fi
    case "$at/$word" in
${arm(commandPaths(tree), 'at=$at/$word; continue')}
    esac
    case "$at $word" in
${arm(flags, 'flag=$word')}
    esac`;
}

/** A text as one word of a POSIX shell, whatever it holds. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
