/** `orphans [--delete]`: what imports have left in the cloud and no ledger accounts for. */

import type { Command } from 'commander';
import { isObject } from '../../domain/json-value.js';
import { openApi, parse } from '../api.js';
import { print } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { table } from '../format.js';
import { globalsOf } from '../globals.js';

interface Options {
  readonly delete: boolean;
  readonly foreign: boolean;
}

export function addOrphans(program: Command): void {
  program
    .command('orphans')
    .description('find what imports have left behind in every region used: since when, what it costs, and delete it')
    .option('--delete', 'delete what is found; never what a live import owns', false)
    .option('--foreign', 'with --delete: also finished images whose import is not known here', false)
    .action(async (options: Options, command: Command) => {
      const globals = globalsOf(command);
      const body = { delete: options.delete, foreign: options.foreign };
      const { text } = await openApi(globals).call({ method: 'POST', path: '/v1/orphans', body });
      if (globals.json) return print(text);
      const answer = parse(text);
      if (!isObject(answer) || !Array.isArray(answer.orphans) || !Array.isArray(answer.deleted)) {
        throw new CommandError(EXIT.failed, ['the API answered with something that is no list: is --api right?']);
      }
      say(answer.orphans.filter(isObject), answer.deleted.map(String), options);
      const sayEach = (list: unknown, what: string) => {
        for (const { key, why } of Array.isArray(list) ? list.filter(isObject) : []) {
          print(`${what}: ${String(key)}: ${String(why)}`);
        }
      };
      sayEach(answer.left, 'not deleted');
      sayEach(answer.unseen, 'not looked at');
    });
}

function say(
  orphans: readonly Readonly<Record<string, unknown>>[],
  deleted: readonly string[],
  options: Options,
): void {
  if (orphans.length === 0) {
    print('no orphans');
    return;
  }
  const row = (one: Readonly<Record<string, unknown>>) => [
    ...[one.kind, one.regionId, one.key, one.since ?? 'unknown', one.importId, one.why].map(String),
    `${String(one.monthlyCny)} CNY`,
    deleted.includes(String(one.key)) ? 'deleted' : one.foreign === true ? 'kept (foreign)' : 'there',
  ];
  print(table(['what', 'region', 'key', 'since', 'import', 'why', 'a month', 'now'], orphans.map(row)));
  const foreign = orphans.some((one) => one.foreign === true) && !options.foreign;
  if (!options.delete) print('delete them with: ecs-image-import orphans --delete');
  if (foreign)
    print('finished images of unknown imports may be another installation’s: --delete --foreign takes them too');
}
