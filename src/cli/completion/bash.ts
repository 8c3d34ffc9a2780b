/**
 * The completion script for bash, from 3.2 on, which macOS has. Names from outside are never expanded by the shell: they are read
 * line by line and quoted, so `compgen -W`, which expands its words, is not used.
 */
import { arm, arms, commandArguments, followWord, valueFlags } from './shell-case.js';
import type { Node, Values } from './tree.js';

/** The whole script. */
export function bashScript(tree: readonly Node[]): string {
  return `# bash completion of postern; load it with: source <(postern completion bash)
_postern_words() {
  local word quoted
  for word in "$@"; do
    printf -v quoted %q "$word"
    if [[ $quoted == "$cur"* || $word == "$cur"* ]]; then COMPREPLY+=("$quoted"); fi
  done
}

_postern_live() {
  local name
  while IFS= read -r name; do _postern_words "$name"; done < <(command postern __complete "$1" -- "\${words[@]}" 2>/dev/null </dev/null)
}

_postern_files() {
  compopt -o default 2>/dev/null
}

_postern() {
  local line=\${COMP_LINE:0:COMP_POINT} cur='' at='' flag='' prefix word i
  local -a words
  IFS=$' \\t' read -r -a words <<< "$line"
  if [[ $line != *[[:space:]] ]]; then
    cur=\${words[\${#words[@]} - 1]}
    unset "words[\${#words[@]} - 1]"
  fi
  for ((i = 1; i < \${#words[@]}; i++)); do
    word=\${words[i]}
${followWord(tree)}
  done
  if [[ -z $flag && $cur == --*=* ]]; then
    flag=\${cur%%=*}
    cur=\${cur#*=}
  fi
  COMPREPLY=()
  if [[ -n $flag ]]; then
    case "$at $flag" in
${arms(valueFlags(tree), outcome)}
    esac
  elif [[ $cur == -* ]]; then
    case "$at" in
${tree.map(({ path, flags }) => arm([path], `_postern_words ${flags.map(({ name }) => name).join(' ')}`)).join('\n')}
    esac
  else
    case "$at" in
${tree
  .filter(({ subcommands }) => subcommands.length > 0)
  .map(({ path, subcommands }) => arm([path], `_postern_words ${subcommands.map(({ name }) => name).join(' ')}`))
  .join('\n')}
    esac
    case "$at" in
${arms(commandArguments(tree), outcome)}
    esac
  fi
  # Readline replaces only what follows the last of these.
  prefix=\${cur%"\${cur##*[@:=]}"}
  if [[ -n $prefix ]]; then COMPREPLY=("\${COMPREPLY[@]#"$prefix"}"); fi
}

complete -F _postern postern
`;
}

function outcome(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `_postern_words ${values.words.join(' ')}`;
    case 'files':
      return '_postern_files';
    case 'live':
      return `_postern_live ${values.of}`;
    case 'unknown':
      return ':';
  }
}
