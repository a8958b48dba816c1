/** `orphans [--delete]`: finds and deletes cloud resources of imports that no ledger contains. */

import type { Command } from 'commander';
import { isObject } from '../../domain/json-value.js';
import { openApi, parse, TEXT, textOf } from '../api.js';
import { print } from '../console.js';
import { printDocument } from '../document.js';
import { CommandError, EXIT } from '../exit.js';
import { globalsOf } from '../globals.js';
import { table } from '../table.js';
import { wrongUsage } from '../usage.js';

interface Options {
  readonly delete: boolean;
  readonly foreign: boolean;
  readonly account?: string;
}

export function addOrphans(program: Command): void {
  program
    .command('orphans')
    .description(
      'find cloud resources that no import owns any more, in all accounts and regions used, with their age and cost',
    )
    .option('--delete', 'delete the resources found; resources of running imports are never deleted', false)
    .option(
      '--foreign',
      'with --delete: also delete complete images and snapshots of imports unknown to this installation',
      false,
    )
    .option('--account <name>', 'check this account only (default: all accounts that imports have used)')
    .action(async (options: Options, command: Command) => {
      if (options.foreign && !options.delete) throw wrongUsage('--foreign has an effect only with --delete', command);
      const globals = globalsOf(command);
      const { delete: remove, foreign, account } = options;
      const body = { delete: remove, foreign, ...(account === undefined ? {} : { account }) };
      const text = await textOf(
        openApi(globals)
          .typed()
          .POST('/v1/orphans', { body, ...TEXT }),
      );
      if (globals.json) return printDocument(globals, text);
      const answer = parse(text);
      if (!isObject(answer) || !Array.isArray(answer.orphans) || !Array.isArray(answer.deleted)) {
        throw new CommandError(EXIT.failed, ['the API returned an unexpected answer: check --api']);
      }
      printOrphans(answer.orphans.filter(isObject), answer.deleted.map(String), options);
      const printEach = (list: unknown, label: string) => {
        for (const { key, account, why } of Array.isArray(list) ? list.filter(isObject) : []) {
          const place = account === undefined || String(key) === `account ${account}` ? '' : ` in account ${account}`;
          print(`${label}: ${String(key)}${place}: ${String(why)}`);
        }
      };
      printEach(answer.left, 'not deleted');
      printEach(answer.unseen, 'not checked');
    });
}

function printOrphans(
  orphans: readonly Readonly<Record<string, unknown>>[],
  deleted: readonly string[],
  options: Options,
): void {
  if (orphans.length === 0) {
    print('no orphans');
    return;
  }
  const isOther = orphans.some(({ account }) => typeof account === 'string');
  const row = (one: Readonly<Record<string, unknown>>) => [
    ...(isOther ? [String(one.account ?? '')] : []),
    ...[one.kind, one.regionId, one.key, one.since ?? 'unknown', one.importId, one.why].map(String),
    `${String(one.monthlyCny)} CNY`,
    deleted.includes(String(one.key)) ? 'deleted' : one.foreign === true ? 'kept (foreign)' : 'exists',
  ];
  const columns = ['resource', 'region', 'id', 'since', 'import', 'reason', 'monthly cost', 'status'];
  print(table([...(isOther ? ['account'] : []), ...columns], orphans.map(row)));
  const foreign = orphans.some((one) => one.foreign === true) && !options.foreign;
  if (!options.delete) print('to delete them: ecs-image-import orphans --delete');
  if (foreign)
    print(
      'complete images and snapshots of unknown imports can belong to another installation: --delete --foreign deletes them too',
    );
}
