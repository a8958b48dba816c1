/** Options of every command, accepted before and after its name. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { COLOR_MODES, type ColorMode } from './style.js';

export interface GlobalOptions {
  /** Print one JSON document on stdout. */
  readonly json: boolean;
  /** Of the document: only these, as paths such as `image.imageId`. Unset: all. Sets `json`. */
  readonly fields?: readonly string[];
  /** Also show what is not needed to know the result. */
  readonly verbose: boolean;
  readonly color: ColorMode;
  /** Show stack traces. */
  readonly debug: boolean;
  /** URL of the API. Unset: see `findApi`. */
  readonly api?: string;
  /** Profile of the configuration file. Unset: see `settings.ts`. */
  readonly profile?: string;
}

export function addGlobalOptions(program: Command): void {
  program
    .option('--json', 'print the result as one JSON document on stdout', false)
    .option('--fields <list>', 'print only these fields of the JSON document, e.g. id,state,image.imageId', fieldList)
    .option('-v, --verbose', 'also show findings of severity info, the timeline and the ledger', false)
    .addOption(
      new Option('--color <when>', 'colours; auto: on a terminal, unless NO_COLOR is set')
        .choices(COLOR_MODES)
        .default('auto'),
    )
    .option('--debug', 'print stack traces of errors', false)
    .option('--api <url>', 'URL of the API (default: $ECS_IMPORT_API, else the profile, else the running `up`)')
    .option(
      '--profile <name>',
      'profile of the configuration file (default: $ECS_IMPORT_PROFILE, else the selected one)',
    );
}

export function globalsOf(command: Command): GlobalOptions {
  const options = command.optsWithGlobals<GlobalOptions>();
  return options.fields === undefined ? options : { ...options, json: true };
}

function fieldList(text: string, before: readonly string[] | undefined): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Give names separated by commas: id,state,image.imageId.');
  return [...(before ?? []), ...names];
}
