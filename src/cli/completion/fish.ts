/** The completion script for fish. What a command substitution prints is not expanded again: a line is one candidate. */
import { commandPaths, valueFlags } from './shell-case.js';
import type { Flag, Node, Values } from './tree.js';

/** The whole script. */
export function fishScript(tree: readonly Node[]): string {
  return `# fish completion of postern; load it with: postern completion fish | source
function __postern_path
    set -l at ''
    set -l is_value 0
    set -l before (commandline -opc)
    for word in $before[2..-1]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch "$at/$word"
            case ${commandPaths(tree).map(quoted).join(' ')}
                set at "$at/$word"
                continue
        end
        switch "$at $word"
            case ${valueFlags(tree)
              .flatMap(({ patterns }) => patterns)
              .map(quoted)
              .join(' ')}
                set is_value 1
        end
    end
    echo $at
end

function __postern_at
    test (__postern_path) = "$argv[1]"
end

function __postern_live
    command postern __complete $argv[1] -- (commandline -opc) 2>/dev/null </dev/null
end

complete -c postern -f
${tree.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, subcommands, flags, argument }: Node): string[] {
  const at = `complete -c postern -n ${quoted(`__postern_at ${quoted(path)}`)}`;
  return [
    ...subcommands.map(({ name, description }) => `${at} -a ${quoted(name)} -d ${quoted(description)}`),
    ...flags.map((flag) => `${at} ${flagWords(flag)} -d ${quoted(flag.description)}`),
    ...(argument === undefined || argument.kind === 'unknown' ? [] : [`${at} ${valueWords(argument)}`]),
  ];
}

function flagWords({ name, short, values }: Flag): string {
  const long = `-l ${name.replace(/^--/, '')}`;
  const both = short === undefined ? long : `${long} -s ${short.replace(/^-/, '')}`;
  if (values === undefined) return both;
  return values.kind === 'unknown' ? `${both} -x` : `${both} -r ${valueWords(values)}`;
}

function valueWords(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-f -a ${quoted(values.words.join(' '))}`;
    case 'files':
      return '-F';
    case 'live':
      return `-f -a ${quoted(`(__postern_live ${values.of})`)}`;
    case 'unknown':
      return '-f';
  }
}

// Within single quotes fish knows two escapes.
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
