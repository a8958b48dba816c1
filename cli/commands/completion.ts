/** `completion SHELL`: prints a script that completes commands, options, values, and IDs of imports and batches. */
import { Argument, type Command } from 'commander';
import { FILES } from '../completions.js';
import { print } from '../console.js';

const PROGRAM = 'ecs-image-import';

/** The scripts ask the program itself, so they stay valid when it changes. */
const SCRIPTS = {
  bash: `# ecs-image-import completion for bash: source <(ecs-image-import completion bash)
_ecs_image_import() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = '${FILES}' ]; then
      compopt -o default 2>/dev/null
      return
    fi
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(${PROGRAM} __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _ecs_image_import ${PROGRAM}`,
  zsh: `#compdef ${PROGRAM}
# ecs-image-import completion for zsh: ecs-image-import completion zsh > "\${fpath[1]}/_ecs-image-import"
_ecs_image_import() {
  local line
  local -a found
  while IFS= read -r line; do
    if [[ "$line" == '${FILES}' ]]; then
      _files
      return
    fi
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(${PROGRAM} __complete -- "\${(@)words[2,$CURRENT]}" 2>/dev/null)
  _describe '${PROGRAM}' found
}
if [[ "\${funcstack[1]}" == _ecs-image-import ]]; then
  _ecs_image_import "$@"
else
  compdef _ecs_image_import ${PROGRAM}
fi`,
  fish: `# ecs-image-import completion for fish: ecs-image-import completion fish > ~/.config/fish/completions/ecs-image-import.fish
function __ecs_image_import
  set -l words (commandline -opc) (commandline -ct)
  for line in (${PROGRAM} __complete -- $words[2..] 2>/dev/null)
    if test "$line" = '${FILES}'
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c ${PROGRAM} -f -a '(__ecs_image_import)'`,
  powershell: `# ecs-image-import completion for PowerShell: ecs-image-import completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ${PROGRAM} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  & ${PROGRAM} __complete -- @words 2>$null | Where-Object { $_ -ne '${FILES}' } | ForEach-Object {
    $word, $text = $_ -split "\`t", 2
    if (-not $text) { $text = $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $text)
  }
}`,
} as const;

type Shell = keyof typeof SCRIPTS;

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script with which a shell completes commands, options, values and IDs')
    .addArgument(new Argument('<shell>', 'shell').choices(Object.keys(SCRIPTS)))
    .action((shell: Shell) => print(SCRIPTS[shell]));
}
