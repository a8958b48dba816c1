/** The help of the program and its commands: groups, allowed values, examples and exit codes, fitted to the terminal. */
import { type Command, Help, type Option } from 'commander';
import { outputColumns } from './console.js';
import { EXAMPLES } from './examples.js';
import { EXIT_MEANINGS } from './exit.js';
import { optionText } from './request-options.js';
import { wrap } from './table.js';

/** Outside a terminal, and at most: longer lines are hard to read. */
const WIDEST = 100;
const PROGRAM = 'ecs-image-import';
/** Longer terms have their text on the next line. */
const TERM_WIDTH = 26;

export function helpWidth(): number {
  return Math.min(WIDEST, outputColumns() ?? WIDEST);
}

export class ProgramHelp extends Help {
  override showGlobalOptions = true;

  override optionDescription(option: Option): string {
    const text = optionText(option);
    if (text !== null) return text;
    const { argChoices: allowed, defaultValue, defaultValueDescription } = option;
    // Commander would print the default of flags as "(default: false)".
    const isShown = defaultValue !== undefined && typeof defaultValue !== 'boolean' && !isEmptyList(defaultValue);
    const facts = [
      ...(allowed === undefined ? [] : [`allowed: ${allowed.join(', ')}`]),
      ...(isShown ? [`default: ${defaultValueDescription ?? String(defaultValue)}`] : []),
    ];
    return `${option.description}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`;
  }

  override padWidth(): number {
    return TERM_WIDTH;
  }

  override formatItem(term: string, termWidth: number, description: string): string {
    const width = this.helpWidth ?? helpWidth();
    if (description === '') return `  ${term}`;
    const indent = width < NARROW ? 6 : termWidth + 4;
    const lines = wrap(description, width - indent).map((line) => `${' '.repeat(indent)}${line}`);
    if (width < NARROW || this.displayWidth(term) > termWidth) return [`  ${term}`, ...lines].join('\n');
    return `  ${term.padEnd(termWidth)}  ${lines.join('\n').trimStart()}`;
  }

  override formatHelp(command: Command, helper: Help): string {
    return super.formatHelp(command, helper).replace(/\n+$/, '\n');
  }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Below it, texts are on a line of their own. */
const NARROW = 72;

/** Adds examples and a place for the common questions to every command. */
export function addHelpTexts(program: Command): void {
  program.addHelpText('after', () => exitCodes(helpWidth()));
  for (const [name, command] of commandsOf(program)) {
    const examples = EXAMPLES[name];
    if (examples !== undefined) command.addHelpText('after', () => exampleText(examples, helpWidth()));
  }
}

function exampleText(examples: readonly string[], width: number): string {
  const title = examples.length === 1 ? 'Example:' : 'Examples:';
  return ['', title, ...examples.flatMap((one) => shellLines(`${PROGRAM} ${one}`, width))].join('\n');
}

/** A command in several lines that a shell reads as one. */
function shellLines(command: string, width: number): readonly string[] {
  const lines = wrap(command, width - 6);
  return lines.map((line, index) => `${index === 0 ? '  ' : '    '}${line}${index < lines.length - 1 ? ' \\' : ''}`);
}

function exitCodes(width: number): string {
  const rows = EXIT_MEANINGS.flatMap(([code, , meaning]) => {
    const lines = wrap(meaning, width - 7);
    return lines.map((line, index) => `${index === 0 ? String(code).padStart(5) : '     '}  ${line}`);
  });
  return ['', 'Exit codes:', ...rows, '', `Documentation: docs/cli.md`].join('\n');
}

/** All commands with their names, as `batch create`. */
export function commandsOf(command: Command, prefix = ''): readonly (readonly [name: string, command: Command])[] {
  return command.commands.flatMap((one) => {
    const name = `${prefix}${one.name()}`;
    return [[name, one] as const, ...commandsOf(one, `${name} `)];
  });
}
