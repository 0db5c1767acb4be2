/**
 * Scripts that let other shells complete the words of `ebpfsh`. Each unquotes what was typed in its own way, writes it as a netsh line,
 * asks `ebpfsh __complete "<line>"` for lines of `value<Tab>description`, and quotes the answers in its own way: file names come from
 * outside and must not become commands. A value that ends in `=`, `/` or `\` goes on, so no blank follows it.
 */

const BASH = String.raw`# bash completion for ebpfsh:  eval "$(ebpfsh completion bash)"
_ebpfsh() {
  local typed=${'$'}{COMP_LINE:0:COMP_POINT} line= word= quote= char value breaks= head= i
  # The words as netsh would have them.
  for ((i = 0; i < ${'$'}{#typed}; i++)); do
    char=${'$'}{typed:i:1}
    if [[ $char == \\ && $quote != \' ]]; then
      i=$((i + 1))
      word+=${'$'}{typed:i:1}
    elif [[ -n $quote ]]; then
      if [[ $char == "$quote" ]]; then quote=; else word+=$char; fi
    elif [[ $char == [\'\"] ]]; then
      quote=$char
    elif [[ $char == [[:space:]] ]]; then
      if [[ $word == *[[:space:]]* ]]; then word="\"$word\""; fi
      line+=$word' '
      word=
    else
      word+=$char
    fi
  done
  if [[ $word == *[[:space:]]* ]]; then line+=\"; fi
  line+=$word
  line=${'$'}{line#*' '}
  # Readline keeps what stands before its last word break.
  if [[ -z $quote ]]; then
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+==
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
    [[ -n $breaks && $word == *[$breaks]* ]] && head=${'$'}{word%"${'$'}{word##*[$breaks]}"}
  fi
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    value=${'$'}{value:${'$'}{#head}}
    if [[ -n $quote ]]; then
      [[ $value == *[!a-zA-Z0-9_./=:,@%+\ -]* ]] && continue
    elif [[ $value == *[!a-zA-Z0-9_./=:,@%+-]* ]]; then
      printf -v value %q "$value"
    fi
    [[ $value == *[=/\\] ]] || value+=' '
    COMPREPLY+=("$value")
  done < <("$1" __complete "$line" 2>/dev/null)
}
complete -o nospace -F _ebpfsh ebpfsh
`;

const ZSH = String.raw`#compdef ebpfsh
# zsh completion for ebpfsh:  eval "$(ebpfsh completion zsh)", after compinit
_ebpfsh() {
  local line= word answer value description
  local -a going going_shown final final_shown
  for word in "${'$'}{(@)words[2,CURRENT-1]}"; do
    word=${'$'}{(Q)word}
    [[ $word == *[[:space:]]* ]] && word="\"$word\""
    line+="$word "
  done
  word=${'$'}{(Q)PREFIX}
  word=${'$'}{word#[\"\']}
  [[ $word == *[[:space:]]* ]] && line+='"'
  line+=$word
  for answer in "${'$'}{(@f)$("${'$'}{(Q)words[1]}" __complete "$line" 2>/dev/null)}"; do
    [[ -n $answer ]] || continue
    value=${'$'}{answer%%$'\t'*}
    description=${'$'}{answer#*$'\t'}
    if [[ $value == *[=/\\] ]]; then
      going+=("$value")
      going_shown+=("$value${'$'}{description:+  -- $description}")
    else
      final+=("$value")
      final_shown+=("$value${'$'}{description:+  -- $description}")
    fi
  done
  compadd -V ebpfsh -l -d final_shown -a final
  compadd -V ebpfsh-more -l -S '' -d going_shown -a going
}
if [[ $funcstack[1] == _ebpfsh ]]; then
  _ebpfsh "$@"
else
  compdef _ebpfsh ebpfsh
fi
`;

const FISH = String.raw`# fish completion for ebpfsh:  ebpfsh completion fish | source
function __ebpfsh_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l line ''
    for word in $words
        if string match -qr '\s' -- $word
            set word "\"$word\""
        end
        set line "$line$word "
    end
    set -l last (string unescape -- (commandline -ct | string collect))
    if string match -qr '\s' -- "$last"
        set last "\"$last"
    end
    command $program __complete "$line$last" 2>/dev/null
end
complete -c ebpfsh -f -k -a '(__ebpfsh_complete)'
`;

const POWERSHELL = String.raw`# PowerShell completion for ebpfsh:  ebpfsh completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ebpfsh -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @()
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        $word = if ($element.Value -is [string]) { $element.Value } else { $element.Extent.Text }
        $words += if ($word -match '\s') { '"' + $word + '"' } else { $word }
    }
    $last = $wordToComplete.Trim([char[]]@('"', "'"))
    if ($last -match '\s') { $last = '"' + $last }
    $line = (@($words) + $last) -join ' '
    & $commandAst.CommandElements[0].Value __complete $line 2>$null | ForEach-Object {
        $value, $description = $_ -split [char]9, 2
        $text = if ($value -match '[^\w./\\=:,@%+-]') { "'" + $value.Replace("'", "''") + "'" } else { $value }
        $tip = if ($description) { $description } else { $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $tip)
    }
}
`;

/** By the word that `completion` takes. */
export const COMPLETION_SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL } as const;
