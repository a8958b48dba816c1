/** `batch list`: the batches, newest first. */

import { type Command, Option } from 'commander';
import { BATCH_STATES } from '../../domain/batch/batch.js';
import { isObject } from '../../domain/json-value.js';
import { openApi, parse, SHORT_PATIENCE_MS } from '../api.js';
import { print } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { table } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { wholeNumber } from '../option-values.js';

interface Options extends GlobalOptions {
  readonly state?: string;
  readonly limit: number;
}

export function addBatchList(batch: Command): void {
  batch
    .command('list')
    .description('show the batches, newest first')
    .addOption(new Option('--state <state>', 'only those in this state').choices(BATCH_STATES))
    .option('--limit <n>', 'at most so many', wholeNumber, 100)
    .action(async (_options, command: Command) => list({ ...command.opts<Options>(), ...globalsOf(command) }));
}

async function list({ state, limit, json, ...globals }: Options): Promise<void> {
  const query = new URLSearchParams({ limit: String(limit), ...(state === undefined ? {} : { state }) });
  const { text } = await openApi(globals).call({
    method: 'GET',
    path: `/v1/batches?${query}`,
    patienceMs: SHORT_PATIENCE_MS,
  });
  const page = parse(text);
  if (!isObject(page) || !Array.isArray(page.batches)) {
    throw new CommandError(EXIT.failed, ['the API answered with something that is no list: is --api right?']);
  }
  const rows = page.batches
    .filter(isObject)
    .map((one) => [
      ...[one.id, one.state, one.name].map(String),
      `${String(one.ended)}/${String(one.items)}`,
      String(one.createdAt).slice(0, 19).replace('T', ' '),
    ]);
  if (json) print(JSON.stringify(page.batches));
  else print(rows.length === 0 ? 'no batches' : table(['id', 'state', 'name', 'ended', 'created'], rows));
}
