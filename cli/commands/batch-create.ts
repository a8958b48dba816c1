/** `batch create FILE`: streams the file to the API, which rejects the whole file if one item is invalid. */
import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { type Command, Option } from 'commander';
import { BATCH_FORMATS, type BatchFormat, MEDIA_TYPES } from '../../batches/file/formats.js';
import { readBatch } from '../../client/answers.js';
import { openApi } from '../api.js';
import { formatBatch } from '../batch-view.js';
import { activeProfile } from '../config-file.js';
import { print } from '../console.js';
import { printResult } from '../document.js';
import { CommandError, EXIT } from '../exit.js';
import { fileProblem } from '../file-problem.js';
import { clean } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { requestSettings } from '../import-request.js';
import { type ProgressMode, progressOption } from '../live-view.js';
import { type Changes, collectChanges } from '../option-values.js';
import { watchBatch } from './batch-watch.js';

interface Options extends GlobalOptions {
  readonly account?: string;
  readonly format?: BatchFormat;
  readonly name?: string;
  readonly policy?: Changes;
  readonly default?: Changes;
  readonly skipInvalid: boolean;
  readonly idempotencyKey?: string;
  readonly watch: boolean;
  readonly progress?: ProgressMode;
}

/** The API validates tens of thousands of items before it answers. */
const ANSWER_WITHIN_MS = 30 * 60_000;

const BY_EXTENSION: Readonly<Record<string, BatchFormat>> = {
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.yaml': 'yaml',
  '.yml': 'yaml',
};

export function addBatchCreate(batch: Command): void {
  batch
    .command('create')
    .description('start the imports listed in a file; if one item is invalid, no import starts')
    .argument('<file>', 'YAML, JSON, JSON Lines or CSV file; "-" reads standard input and requires --format')
    .addOption(
      new Option('--format <format>', 'format of the file (default: from its extension)').choices(BATCH_FORMATS),
    )
    .option('--name <name>', 'name of the batch; a second request with the same name and file returns the same batch')
    .option(
      '--policy <setting=value>',
      'policy setting, e.g. concurrency=100 or errorBudget=2%; repeatable',
      collectChanges,
    )
    .option(
      '--default <path=value>',
      'default value for every item, e.g. region=cn-hangzhou; repeatable',
      collectChanges,
    )
    .option('--account <name>', 'configured account of every item that names none')
    .option('--skip-invalid', 'start the valid items even if others are invalid', false)
    .option('--idempotency-key <key>', 'a second request with the same key and file returns the same batch')
    .option('--watch', 'show progress until the batch ends or requires action', false)
    .addOption(progressOption())
    .action(async (file: string, _options, command: Command) =>
      create(file, { ...command.opts<Options>(), ...globalsOf(command) }),
    );
}

async function create(file: string, options: Options): Promise<void> {
  const format = options.format ?? BY_EXTENSION[path.extname(file).toLowerCase()];
  if (format === undefined) {
    throw new CommandError(EXIT.usage, [
      `can't determine the format of ${file} from its extension: set --format ${BATCH_FORMATS.join('|')}`,
    ]);
  }
  const fromInput = file === '-';
  if (!fromInput) await checkIsFile(file);
  const { account } = options;
  const defaults = account === undefined ? options.default : { ...options.default, account };
  const { fields, tags } = requestSettings(activeProfile(options.profile, process.env), process.env);
  const ofTags = Object.entries(tags).map(([key, value]): [string, string] => [`tags.${key}`, value]);
  const fallbacks: Changes = Object.fromEntries([...fields, ...ofTags]);
  const query = new URLSearchParams({
    base: pathToFileURL(`${fromInput ? process.cwd() : path.dirname(path.resolve(file))}/`).href,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.policy === undefined ? {} : { policy: JSON.stringify(options.policy) }),
    ...(defaults === undefined ? {} : { defaults: JSON.stringify(nested(defaults)) }),
    ...(Object.keys(fallbacks).length === 0 ? {} : { fallbacks: JSON.stringify(nested(fallbacks)) }),
    ...(options.skipInvalid ? { skipInvalid: 'true' } : {}),
  });
  const api = openApi(options);
  const { text } = await api.call({
    method: 'POST',
    path: `/v1/batches?${query}`,
    file: {
      type: MEDIA_TYPES[format],
      open: () => bytesOf(fromInput ? process.stdin : createReadStream(file)),
    },
    answerWithinMs: ANSWER_WITHIN_MS,
    ...(options.idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': options.idempotencyKey } }),
  });
  const view = readBatch(text);
  if (options.watch) {
    if (!options.json) print(`batch ${view.id}`);
    await watchBatch(api, view.id, options);
  } else printResult(options, text, () => formatBatch(view));
}

async function checkIsFile(file: string): Promise<void> {
  try {
    if ((await stat(file)).isDirectory()) throw new Error('it is a directory');
    await access(file, constants.R_OK);
  } catch (error) {
    throw new CommandError(EXIT.usage, [
      clean(`can't read the batch file ${file}: ${fileProblem(error)}. Give a file that lists the imports.`),
    ]);
  }
}

function bytesOf(stream: NodeJS.ReadableStream): ReadableStream<Uint8Array> {
  const iterator = Readable.from(stream)[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(typeof next.value === 'string' ? Buffer.from(next.value) : next.value);
    },
  });
}

/** Turns the key `upload.bucket` into the field `bucket` of `upload`. */
function nested(flat: Changes): Changes {
  const whole: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(flat)) {
    const parts = name.startsWith('tags.') ? ['tags', name.slice('tags.'.length)] : name.split('.');
    const last = parts.pop() ?? name;
    let at = whole;
    for (const part of parts) {
      const inner = at[part];
      const next: Record<string, unknown> = typeof inner === 'object' && inner !== null ? { ...inner } : {};
      at[part] = next;
      at = next;
    }
    at[last] = value;
  }
  return whole;
}
