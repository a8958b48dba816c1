/** `list`: lists imports. */

import { type Command, Option } from 'commander';
import { type Page, readImportLines } from '../../client/answers.js';
import type { ListFilter } from '../../client/client.js';
import { UnexpectedAnswerError } from '../../client/errors.js';
import { IMPORT_FIELDS, type ImportField, PHASES, STATES } from '../../domain/import.js';
import { IMPORT_SORTS } from '../../domain/import-filter.js';
import { isObject } from '../../domain/json-value.js';
import { type Api, openApi, parse, RETRY_FOR_MS, TEXT, textOf } from '../api.js';
import { outputColumns, print, printInOrder, printPart, say } from '../console.js';
import { printDocument, unknownField, withFields } from '../document.js';
import { clean } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { type ImportTable, importTable } from '../import-lines.js';
import { count, moment } from '../option-values.js';
import { table } from '../table.js';
import { wrongUsage } from '../usage.js';

interface Options extends Omit<ListFilter, 'fields'>, GlobalOptions {
  readonly tag: readonly string[];
  readonly waiting: boolean;
  readonly limit?: number;
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

const FILTERS = [...TEXT_FILTERS, 'tag'] as const;

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
    .option('--limit <n>', 'maximum number of imports (default: 1000 on a terminal, else all)', count)
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
  const api = openApi(options);
  if (options.waiting) return listCauses(api, options);
  if (options.json) return printJson(api, options);
  let shown: ImportTable | null = null;
  for await (const page of pages(api, options, readImportLines, LINE_FIELDS)) {
    if (page.length === 0) continue;
    if (shown === null) {
      shown = importTable(page, outputColumns());
      await printInOrder(shown.head);
    }
    await printInOrder(shown.rows(page).join('\n'));
  }
  if (shown === null) print('no imports');
}

/** One array, written while its pages are received. Begins with the first item, so that a refused call prints a problem document only. */
async function printJson(api: Api, options: Options): Promise<void> {
  const { fields } = options;
  const first = fields === undefined ? undefined : knownFields(fields);
  let opened = false;
  for await (const page of pages(api, options, readJsonPage, first)) {
    const items = fields === undefined ? page : page.map((item) => withFields(item, fields));
    for (const item of items) {
      await printPart(`${opened ? ',' : '['}${JSON.stringify(item)}`);
      opened = true;
    }
  }
  print(opened ? ']' : '[]');
}

/** Items of any shape: `fields` decides it. */
function readJsonPage(text: string): Page<Readonly<Record<string, unknown>>> {
  const page = parse(text);
  if (!isObject(page) || !Array.isArray(page.imports)) throw new UnexpectedAnswerError('list of imports', text);
  const { nextCursor } = page;
  return { items: page.imports.filter(isObject), nextCursor: typeof nextCursor === 'string' ? nextCursor : null };
}

/** The fields of the API that contain the paths of `--fields`. */
function knownFields(paths: readonly string[]): readonly ImportField[] {
  return [...new Set(paths.map((path) => path.split('.')[0] ?? ''))].map((name) => {
    const known = IMPORT_FIELDS.find((field) => field === name);
    if (known === undefined) throw unknownField(name, IMPORT_FIELDS);
    return known;
  });
}

async function listCauses(api: Api, options: Options): Promise<void> {
  const text = await textOf(api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports/waiting', TEXT));
  if (options.json) return printDocument(options, text);
  const answer = parse(text);
  const causes = isObject(answer) && Array.isArray(answer.causes) ? answer.causes.filter(isObject) : [];
  if (causes.length === 0) return print('no import requires action');
  const rows = causes.map(({ code, imports, since, remedy }) => [code, imports, since, remedy].map(String));
  print(table(['cause', 'imports', 'since', 'remedy'], rows));
  print(clean(`after the fix: ecs-image-import resume --code ${String(causes[0]?.code)}`));
}

async function* pages<Item>(
  api: Api,
  options: Options,
  read: (text: string) => Page<Item>,
  fields?: readonly ImportField[],
): AsyncGenerator<readonly Item[]> {
  const filter = Object.fromEntries(FILTERS.map((name) => [name, options[name]]));
  let left = options.limit ?? (outputColumns() === null ? Number.POSITIVE_INFINITY : ON_TERMINAL);
  let cursor: string | null = null;
  do {
    const query = {
      ...{ ...filter, limit: Math.min(PAGE, left) },
      ...(cursor === null ? {} : { cursor }),
      ...(fields === undefined ? {} : { fields }),
    };
    const page: Page<Item> = read(
      await textOf(api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports', { params: { query }, ...TEXT })),
    );
    yield page.items.slice(0, left);
    left -= page.items.length;
    cursor = page.nextCursor;
  } while (cursor !== null && left > 0);
  if (cursor !== null && options.limit === undefined) {
    say(`only the first ${ON_TERMINAL} imports are shown: set --limit, add filters, or write to a file or pipe`);
  }
}

const PAGE = 500;
const ON_TERMINAL = 1_000;

/** Of the table; the API reads fewer tables for them. */
const LINE_FIELDS: readonly ImportField[] = [
  ...(['state', 'phase', 'progress', 'request', 'image', 'attention', 'waitingFor', 'error', 'createdAt'] as const),
];
