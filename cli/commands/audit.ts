/** `audit`: who did what, from where, on what, and with which outcome. */
import { type Command, Option } from 'commander';
import { isObject } from '../../domain/json-value.js';
import { openApi, parse, RETRY_FOR_MS } from '../api.js';
import { print, printInOrder } from '../console.js';
import { printDocument } from '../document.js';
import { globalsOf } from '../globals.js';
import { count, moment } from '../option-values.js';
import { table } from '../table.js';

interface Options {
  readonly identity?: string;
  readonly action?: string;
  readonly target?: string;
  readonly outcome?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  readonly export: boolean;
}

type Entry = Readonly<Record<string, unknown>>;

const PAGE = 1_000;

export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('list who did what, and which requests were refused, newest first')
    .option('--identity <id>', 'only of this identity (key:PREFIX, local, token)')
    .option('--action <name>', 'only this action (imports.start)')
    .option('--target <id>', 'only on this import, batch or key')
    .addOption(
      new Option('--outcome <outcome>', 'only with this outcome').choices(['done', 'refused', 'failed', 'unknown']),
    )
    .option('--since <time>', 'only since this time (2026-11-01T20:00:00Z), or for the last 7d, 12h, 30m', moment)
    .option('--until <time>', 'only before this time, or until 7d, 12h, 30m ago', moment)
    .option('--limit <n>', 'maximum number of entries', count, 100)
    .option('--export', 'print all matching entries as JSON lines', false)
    .action(async (options: Options, command: Command) => {
      const globals = globalsOf(command);
      const found: Entry[] = [];
      for await (const page of pages(openApi(globals), options)) {
        if (!options.export) found.push(...page);
        else if (page.length > 0) await printInOrder(page.map((entry) => JSON.stringify(entry)).join('\n'));
      }
      if (options.export) return;
      if (globals.json) return printDocument(globals, found);
      if (found.length === 0) return print('no entries');
      print(table(['at', 'identity', 'from', 'action', 'target', 'outcome', 'code', 'requests'], found.map(row)));
    });
}

async function* pages(api: ReturnType<typeof openApi>, options: Options): AsyncGenerator<readonly Entry[]> {
  const { identity, action, target, outcome, since, until } = options;
  const filters = Object.entries({ identity, action, target, outcome, since, until });
  const given = filters.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
  let left = options.export ? Number.POSITIVE_INFINITY : options.limit;
  for (let cursor: string | null = ''; cursor !== null && left > 0; ) {
    const query = new URLSearchParams([...given, ['limit', String(Math.min(PAGE, left))], ['cursor', cursor]]);
    const { text } = await api.call({ method: 'GET', path: `/v1/audit?${query}`, retryForMs: RETRY_FOR_MS });
    const page = parse(text);
    if (!isObject(page) || !Array.isArray(page.entries)) throw new Error('GET /v1/audit: the response is not a list');
    const entries = page.entries.filter(isObject);
    yield entries;
    left -= entries.length;
    cursor = typeof page.nextCursor === 'string' ? page.nextCursor : null;
  }
}

function row(entry: Entry): readonly string[] {
  const { at, identity, address, user, action, target, outcome, code, count: requests } = entry;
  const from = [user, address].filter((part) => part !== null).join(' ');
  return [
    String(at).slice(0, 19).replace('T', ' '),
    identity ?? 'none',
    from,
    action,
    target,
    outcome,
    code,
    requests,
  ].map((value) => (value === null ? '' : String(value)));
}
