/** The completion script for zsh, for `source` and for a folder of `$fpath`. `compadd` quotes what comes from outside. */
import { arm, arms, commandArguments, followWord, singleQuoted, valueFlags } from './shell-case.js';
import type { Described, Node, Values } from './tree.js';

/** The whole script. */
export function zshScript(tree: readonly Node[]): string {
  return `#compdef postern
# zsh completion of postern; load it with: source <(postern completion zsh)
_postern_live() {
  local -a names
  names=("\${(@f)$(command postern __complete "$1" -- "\${(@)before}" 2>/dev/null </dev/null)}")
  names=("\${(@)names:#}")
  compadd -- "\${(@)names}"
}

_postern_described() {
  local -a entries
  entries=("$@")
  _describe -t values value entries
}

_postern() {
  local at='' flag='' word
  local -a before
  before=("\${(@)words[1,CURRENT-1]}")
  for word in "\${(@)before[2,-1]}"; do
${followWord(tree)}
  done
  if [[ -z $flag ]] && compset -P '--*='; then
    flag=\${IPREFIX%=}
  fi
  if [[ -n $flag ]]; then
    case "$at $flag" in
${arms(valueFlags(tree), outcome)}
    esac
  elif [[ $PREFIX == -* ]]; then
    case "$at" in
${tree.map(({ path, flags }) => arm([path], described(flags))).join('\n')}
    esac
  else
    case "$at" in
${tree
  .filter(({ subcommands }) => subcommands.length > 0)
  .map(({ path, subcommands }) => arm([path], described(subcommands)))
  .join('\n')}
    esac
    case "$at" in
${arms(commandArguments(tree), outcome)}
    esac
  fi
}

if [[ "$funcstack[1]" == _postern ]]; then _postern "$@"; else compdef _postern postern; fi
`;
}

function described(entries: readonly Described[]): string {
  return `_postern_described ${entries.map(entry).map(singleQuoted).join(' ')}`;
}

// A colon ends the name.
function entry({ name, description }: Described): string {
  return `${name.replaceAll(':', '\\:')}:${description}`;
}

function outcome(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `compadd -- ${values.words.join(' ')}`;
    case 'files':
      return '_files';
    case 'live':
      return `_postern_live ${values.of}`;
    case 'unknown':
      return ':';
  }
}
