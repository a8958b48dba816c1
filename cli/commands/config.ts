/** `config`: the file with profiles, and the settings that apply now. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { nearest } from '../../domain/request/nearest.js';
import {
  activeProfile,
  changeProfile,
  configPath,
  PROFILE_SETTINGS,
  type Profile,
  readConfig,
  selectProfile,
} from '../config-file.js';
import { printResult } from '../document.js';
import { CommandError, EXIT } from '../exit.js';
import { globalsOf } from '../globals.js';
import { table } from '../table.js';
import { wrongUsage } from '../usage.js';

export function addConfig(program: Command): void {
  const config = program
    .command('config')
    .description('settings that you would repeat in every command, in a file with profiles')
    .addHelpText('after', settingsHelp);
  config
    .command('show')
    .description('show the settings that apply now, and where each comes from')
    .action((_options: object, command: Command) => {
      const globals = globalsOf(command);
      const { name, settings } = activeProfile(globals.profile, process.env);
      const found = applied(name, settings, process.env);
      const document = { file: configPath(process.env), profile: name, settings: found };
      printResult(globals, document, () =>
        [
          `profile ${name} in ${document.file}`,
          found.length === 0
            ? 'no settings: `ecs-image-import config set NAME VALUE` adds one'
            : table(
                ['setting', 'value', 'origin'],
                found.map(({ setting, value, origin }) => [setting, value, origin]),
              ),
        ].join('\n'),
      );
    });
  config
    .command('list')
    .description('list the profiles')
    .action((_options: object, command: Command) => {
      const { profiles, selected, path } = readConfig(process.env);
      const rows = Object.entries(profiles).map(([name, profile]) => ({
        name,
        selected: name === selected,
        ...profile,
        ...(profile.key === undefined ? {} : { key: HIDDEN }),
      }));
      printResult(globalsOf(command), rows, () =>
        rows.length === 0
          ? `no profiles in ${path}`
          : table(
              ['', 'profile', 'api', 'region', 'bucket'],
              rows.map((one) => [one.selected ? '*' : '', one.name, one.api ?? '', one.region ?? '', one.bucket ?? '']),
            ),
      );
    });
  config
    .command('set')
    .description('write a setting of the selected profile, or of --profile')
    .argument('<name>', `setting: ${Object.keys(PROFILE_SETTINGS).join(', ')}, or tags.NAME`)
    .argument('[value]', 'value; without it, it is read from standard input, so that a key stays out of the history')
    .action((name: string, value: string | undefined, _options: object, command: Command) => {
      requireSetting(name, command);
      const globals = globalsOf(command);
      const text = value ?? readFileSync(0, 'utf8').trim();
      if (text === '') throw wrongUsage(`the value of ${name} is empty`, command);
      const profile = globals.profile ?? readConfig(process.env).selected;
      const file = changeProfile(process.env, profile, name, text);
      printResult(globals, { file, profile, setting: name }, () => `${name} is set in profile ${profile} of ${file}`);
    });
  config
    .command('unset')
    .description('remove a setting of the selected profile, or of --profile')
    .argument('<name>', 'setting')
    .action((name: string, _options: object, command: Command) => {
      if (name !== 'tags') requireSetting(name, command);
      const globals = globalsOf(command);
      const profile = globals.profile ?? readConfig(process.env).selected;
      const file = changeProfile(process.env, profile, name, undefined);
      printResult(globals, { file, profile, setting: name }, () => `${name} is removed from profile ${profile}`);
    });
  config
    .command('use')
    .description('select the profile of all later commands')
    .argument('<profile>', 'name of the profile')
    .action((name: string, _options: object, command: Command) => {
      const { profiles, path } = readConfig(process.env);
      if (!Object.hasOwn(profiles, name)) {
        const known = Object.keys(profiles);
        const hint = known.length === 0 ? 'it has none yet' : `its profiles are ${known.join(', ')}`;
        throw new CommandError(EXIT.usage, [`the profile ${name} does not exist in ${path}: ${hint}`]);
      }
      selectProfile(process.env, name);
      printResult(globalsOf(command), { file: path, profile: name }, () => `profile ${name} is selected`);
    });
  config
    .command('path')
    .description('print the path of the file')
    .action((_options: object, command: Command) => {
      const path = configPath(process.env);
      printResult(globalsOf(command), { path }, () => path);
    });
}

function requireSetting(name: string, command: Command): void {
  const known = Object.keys(PROFILE_SETTINGS).filter((one) => one !== 'tags');
  if (known.includes(name) || /^tags\../.test(name)) return;
  const near = nearest(name, known);
  const hint = near === null ? `Settings are ${known.join(', ')} and tags.NAME` : `Did you mean ${near}?`;
  throw wrongUsage(`${name} is not a setting. ${hint}`, command);
}

function settingsHelp(): string {
  const width = Math.max(...Object.keys(PROFILE_SETTINGS).map((name) => name.length));
  const rows = Object.entries(PROFILE_SETTINGS).map(([name, text]) => `    ${name.padEnd(width)}  ${text}`);
  return `\nSettings:\n${rows.join('\n')}\n\nAn option overrides a variable of the environment,\nwhich overrides the profile.`;
}

interface Applied {
  readonly setting: string;
  readonly value: string;
  readonly origin: string;
}

const HIDDEN = '(set)';

const VARIABLES: Readonly<Record<string, string>> = {
  api: 'ECS_IMPORT_API',
  key: 'ECS_IMPORT_API_TOKEN',
  region: 'ALIBABA_CLOUD_REGION_ID',
};

function applied(name: string, settings: Profile, env: NodeJS.ProcessEnv): readonly Applied[] {
  const tags = Object.entries(settings.tags ?? {}).map(([key, value]): [string, string] => [`tags.${key}`, value]);
  const of: Readonly<Record<string, string | undefined>> = { ...settings, tags: undefined };
  const names = Object.keys(PROFILE_SETTINGS).filter((one) => one !== 'tags');
  const plain = names.flatMap((setting): Applied[] => {
    const variable = VARIABLES[setting];
    const fromEnv = variable === undefined ? undefined : env[variable] || undefined;
    const value = fromEnv ?? of[setting];
    if (value === undefined) return [];
    const origin = fromEnv === undefined ? `profile ${name}` : `$${variable}`;
    return [{ setting, value: setting === 'key' ? HIDDEN : value, origin }];
  });
  return [...plain, ...tags.map(([setting, value]) => ({ setting, value, origin: `profile ${name}` }))];
}
