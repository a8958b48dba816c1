/** `batch …`: commands for batches. */
import type { Command } from 'commander';
import { readBatch } from '../../client/answers.js';
import type { BatchView } from '../../domain/batch/batch.js';
import { openApi } from '../api.js';
import { cancelled, paused, resumed, retried } from '../batch-actions.js';
import { batchPath, formatBatch, getBatch } from '../batch-view.js';
import { printResult } from '../document.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { type ProgressMode, progressOption } from '../live-view.js';
import { batchId, type Changes, collect, collectChanges } from '../option-values.js';
import { resolveBatch } from '../resolve.js';
import { wrongUsage } from '../usage.js';
import { addBatchCreate } from './batch-create.js';
import { addBatchList } from './batch-list.js';
import { addBatchReport } from './batch-report.js';
import { exitWithBatch, watchBatch } from './batch-watch.js';

interface RetryOptions {
  readonly cancelled: boolean;
  readonly item?: readonly string[];
  readonly set?: Changes;
}

interface WatchOptions {
  readonly watch: boolean;
  readonly progress?: ProgressMode;
}

export function addBatch(program: Command): void {
  const batch = program
    .command('batch')
    .description('create, watch, pause, resume, cancel and retry batches of imports');
  addBatchCreate(batch);
  addBatchList(batch);
  addBatchReport(batch);

  batch
    .command('status')
    .description('show the state of a batch')
    .argument('<id>', 'ID, beginning of an ID, or name of the only such batch', batchId)
    .option('--watch', 'show progress until the batch ends or requires action; the exit code reports which', false)
    .addOption(progressOption())
    .action(async (given: string, { watch, ...shown }: WatchOptions, command: Command) => {
      const globals = { ...globalsOf(command), ...shown };
      const api = openApi(globals);
      const id = await resolveBatch(api, given, 'show');
      if (watch) return await watchBatch(api, id, globals);
      const { view, text } = await getBatch(api, id);
      printResult(globals, text, () => formatBatch(view));
      exitWithBatch(view);
    });

  batch
    .command('watch')
    .description('show progress until the batch ends or requires action; the exit code reports which')
    .argument('<id>', 'ID, beginning of an ID, or name of the batch', batchId)
    .addOption(progressOption())
    .action(async (given: string, view: Omit<WatchOptions, 'watch'>, command: Command) => {
      const globals = { ...globalsOf(command), ...view };
      const api = openApi(globals);
      await watchBatch(api, await resolveBatch(api, given, 'show'), globals);
    });

  batch
    .command('pause')
    .description('start no new imports; running imports continue')
    .argument('<id>', 'ID, beginning of an ID, or name of the only such batch', batchId)
    .action(async (id: string, _options, command: Command) => sendAction(globalsOf(command), id, '/pause', {}, paused));

  batch
    .command('resume')
    .description('resume a paused batch; with --cause, resume its imports that stopped with that code')
    .argument('<id>', 'ID, beginning of an ID, or name of the only such batch', batchId)
    .option('--cause <code>', 'resume the imports that stopped with this code, or "all"')
    .option('--set <path=value>', 'change their requests first, e.g. upload.bucket=images; repeatable', collectChanges)
    .action(async (id: string, options: { readonly cause?: string; readonly set?: Changes }, command: Command) => {
      if (options.set !== undefined && options.cause === undefined) {
        throw wrongUsage('--set changes the requests of imports: select them with --cause', command);
      }
      await sendAction(globalsOf(command), id, '/resume', options, resumed(options.cause));
    });

  batch
    .command('cancel')
    .description('start no new imports and cancel the running ones')
    .argument('<id>', 'ID, beginning of an ID, or name of the only such batch', batchId)
    .option('--finish-running', 'let running imports finish', false)
    .action(async (id: string, options: { readonly finishRunning: boolean }, command: Command) =>
      sendAction(
        globalsOf(command),
        id,
        '/cancel',
        { running: options.finishRunning ? 'finish' : 'cancel' },
        cancelled(options.finishRunning),
      ),
    );

  batch
    .command('retry')
    .description('start a new import for every failed item, or for some of them with changed requests')
    .argument('<id>', 'ID, beginning of an ID, or name of the only such batch', batchId)
    .option('--failed', 'retry the failed items (always included)', true)
    .option('--cancelled', 'also retry the cancelled items', false)
    .option('--item <name>', 'only the item with this image name; repeatable', collect)
    .option('--set <path=value>', 'change their requests first, e.g. bootMode=UEFI; repeatable', collectChanges)
    .action(async (id: string, { cancelled: also, item: items, set }: RetryOptions, command: Command) =>
      sendAction(
        globalsOf(command),
        id,
        '/retry',
        { cancelled: also, ...(items === undefined ? {} : { items }), ...(set === undefined ? {} : { set }) },
        retried(also),
      ),
    );

  batch
    .command('policy')
    .description('change the policy of a running batch, e.g. concurrency=200 errorBudget=2%')
    .argument('<id>', 'ID, beginning of an ID, or name of the only such batch', batchId)
    .argument('<setting=value...>', 'settings to change; repeatable', collectChanges)
    .action(async (id: string, change: Changes, _options, command: Command) => {
      await sendAction(globalsOf(command), id, '/policy', change, () => 'the policy is changed');
    });
}

/** @param said what the accepted action does; the state below it may change soon after */
async function sendAction(
  globals: GlobalOptions,
  given: string,
  action: string,
  body: unknown,
  said: (view: BatchView, text: string) => string,
): Promise<void> {
  const api = openApi(globals);
  const id = await resolveBatch(api, given, 'change');
  const { text } = await api.call({ method: 'POST', path: batchPath(id, action), body });
  const view = readBatch(text);
  printResult(globals, text, () => `${said(view, text)}\n${formatBatch(view)}`);
}
