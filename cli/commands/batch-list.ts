/** `batch list`: lists batches. */

import { type Command, Option } from 'commander';
import { readBatchPage } from '../../client/answers.js';
import { BATCH_STATES, type BatchState } from '../../domain/batch/batch.js';
import { openApi, RETRY_FOR_MS, TEXT, textOf } from '../api.js';
import { printResult } from '../document.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { count } from '../option-values.js';
import { table } from '../table.js';

interface Options extends GlobalOptions {
  readonly state?: BatchState;
  readonly limit: number;
}

export function addBatchList(batch: Command): void {
  batch
    .command('list')
    .description('list batches, newest first')
    .addOption(new Option('--state <state>', 'only batches in this state').choices(BATCH_STATES))
    .option('--limit <n>', 'maximum number of batches', count, 100)
    .action(async (_options, command: Command) => list({ ...command.opts<Options>(), ...globalsOf(command) }));
}

async function list({ state, limit, json, ...globals }: Options): Promise<void> {
  const query = { limit, ...(state === undefined ? {} : { state }) };
  const api = openApi(globals).typed({ retryForMs: RETRY_FOR_MS });
  const text = await textOf(api.GET('/v1/batches', { params: { query }, ...TEXT }));
  const { items } = readBatchPage(text);
  const rows = items.map((one) => [
    one.id,
    one.state,
    one.name,
    `${one.ended}/${one.items}`,
    one.createdAt.slice(0, 19).replace('T', ' '),
  ]);
  printResult({ ...globals, json }, items, () =>
    rows.length === 0 ? 'no batches' : table(['id', 'state', 'name', 'ended', 'created'], rows),
  );
}
