/** `list`: lists imports. */

import { type Command, Option } from 'commander';
import { type ImportLine, type Page, readImportLines, readImportPage } from '../../client/answers.js';
import type { ListFilter } from '../../client/client.js';
import { type ImportField, PHASES, STATES } from '../../domain/import.js';
import { IMPORT_SORTS } from '../../domain/import-filter.js';
import { isObject } from '../../domain/json-value.js';
import { type Api, openApi, parse, RETRY_FOR_MS, TEXT, textOf } from '../api.js';
import { print } from '../console.js';
import { table } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { count, moment } from '../option-values.js';
import { wrongUsage } from '../usage.js';

interface Options extends GlobalOptions, ListFilter {
  readonly tag: readonly string[];
  readonly waiting: boolean;
  readonly limit: number;
}

/** The names of the API. */
const TEXT_FILTERS = [
  ...([
    'state',
    'phase',
    'code',
    'region',
    'bucket',
    'batch',
    'account',
    'createdBy',
    'since',
    'until',
    'name',
  ] as const),
  'sort',
] as const;

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

export function addList(program: Command): void {
  program
    .command('list')
    .description('list imports, newest first')
    .addOption(new Option('--state <state>', 'only imports in this state').choices(STATES))
    .addOption(new Option('--phase <phase>', 'only imports in this phase').choices(PHASES))
    .option('--code <code>', 'only imports that failed or stopped with this code')
    .option('--region <region>', 'only imports into this region')
    .option('--bucket <name>', 'only imports through this bucket')
    .option('--tag <key=value>', 'only imports with this tag; repeat it for several tags', collect, [])
    .option('--batch <id>', 'only imports of this batch')
    .option('--account <name>', 'only imports of this account')
    .option('--created-by <identity>', 'only imports that this identity started, or this user')
    .option(
      '--since <time>',
      'only imports created since this time (2026-11-01T20:00:00Z), or in the last 7d, 12h, 30m',
      moment,
    )
    .option('--until <time>', 'only imports created before this time, or until 7d, 12h, 30m ago', moment)
    .option('--name <text>', 'only imports whose name contains this text from the beginning of a word')
    .addOption(new Option('--sort <order>', 'order; - reverses it (default: -created)').choices(IMPORT_SORTS))
    .option('--waiting', 'list the causes that imports require action for', false)
    .option('--limit <n>', 'maximum number of imports', count, 1_000)
    .action(async (_options, command: Command) => {
      const options = { ...command.opts<Options>(), ...globalsOf(command) };
      const limited =
        TEXT_FILTERS.some((name) => options[name] !== undefined) ||
        options.tag.length > 0 ||
        command.getOptionValueSource('limit') === 'cli';
      if (options.waiting && limited) {
        throw wrongUsage('--waiting lists all causes: it cannot be combined with filters, --sort or --limit', command);
      }
      await list(options);
    });
}

async function list(options: Options): Promise<void> {
  if (options.waiting) return listCauses(openApi(options), options.json === true);
  if (options.json) return print(JSON.stringify(await allPages(openApi(options), options, readImportPage)));
  const imports = await allPages(openApi(options), options, readImportLines, COLUMNS);
  if (imports.length === 0) print('no imports');
  else {
    const isOther = imports.some(({ request }) => request.account !== undefined);
    const columns = ['id', 'state', 'phase', '%', 'region', 'name', 'image', 'created'];
    const rows = imports.map((view) => [...row(view), ...(isOther ? [view.request.account ?? ''] : [])]);
    print(table([...columns, ...(isOther ? ['account'] : [])], rows));
  }
}

async function listCauses(api: Api, json: boolean): Promise<void> {
  const text = await textOf(api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports/waiting', TEXT));
  if (json) return print(text);
  const answer = parse(text);
  const causes = isObject(answer) && Array.isArray(answer.causes) ? answer.causes.filter(isObject) : [];
  if (causes.length === 0) return print('no import requires action');
  const rows = causes.map(({ code, imports, since, remedy }) => [code, imports, since, remedy].map(String));
  print(table(['cause', 'imports', 'since', 'remedy'], rows));
  print('after the fix: ecs-image-import resume --code CAUSE');
}

async function allPages<Item>(
  api: Api,
  options: Options,
  read: (text: string) => Page<Item>,
  fields?: readonly ImportField[],
): Promise<readonly Item[]> {
  const { limit, waiting: _waiting, json: _json, debug: _debug, api: _api, ...filter } = options;
  const found: Item[] = [];
  let cursor: string | null = null;
  do {
    const query = {
      ...{ ...filter, limit: Math.min(500, limit - found.length) },
      ...(cursor === null ? {} : { cursor }),
      ...(fields === undefined ? {} : { fields }),
    };
    const page: Page<Item> = read(
      await textOf(api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports', { params: { query }, ...TEXT })),
    );
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && found.length < limit);
  return found.slice(0, limit);
}

/** Of the table; the API reads fewer tables for them. */
const COLUMNS: readonly ImportField[] = ['state', 'phase', 'progress', 'request', 'image', 'createdAt'];

function row(view: ImportLine): readonly string[] {
  return [
    view.id,
    view.state,
    view.phase,
    String(Math.floor(view.progress.percent)),
    view.request.region,
    view.request.imageName,
    view.image?.imageId ?? '',
    view.createdAt.slice(0, 19).replace('T', ' '),
  ];
}
