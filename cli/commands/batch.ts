/** `batch …`: many imports of one file, and what a person does with them. */
import type { Command } from 'commander';
import { readBatch } from '../../client/answers.js';
import { openApi } from '../api.js';
import { batchPath, getBatch, wholeBatch } from '../batch-view.js';
import { print } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { type Changes, collectChanges } from '../option-values.js';
import { addBatchCreate } from './batch-create.js';
import { addBatchList } from './batch-list.js';
import { addBatchReport } from './batch-report.js';
import { watchBatch } from './batch-watch.js';

export function addBatch(program: Command): void {
  const batch = program.command('batch').description('import many images as one batch');
  addBatchCreate(batch);
  addBatchList(batch);
  addBatchReport(batch);

  batch
    .command('status')
    .description('show how a batch stands')
    .argument('<id>')
    .option('--watch', 'show it live until it ends or needs you; the exit code tells which', false)
    .action(async (id: string, { watch }: { readonly watch: boolean }, command: Command) => {
      const globals = globalsOf(command);
      const api = openApi(globals);
      if (watch) {
        await watchBatch(api, id, globals);
        return;
      }
      const { view, text } = await getBatch(api, id);
      print(globals.json ? text : wholeBatch(view));
    });

  batch
    .command('pause')
    .description('start no new imports; those under way go on')
    .argument('<id>')
    .action(async (id: string, _options, command: Command) => steer(globalsOf(command), id, '/pause', {}));

  batch
    .command('resume')
    .description('go on with a batch; with --cause, with its imports that stopped for that reason')
    .argument('<id>')
    .option('--cause <code>', 'resume the imports that stopped for this code, or "all"')
    .option('--set <path=value>', 'change their requests first; may be repeated', collectChanges)
    .action(async (id: string, options: { readonly cause?: string; readonly set?: Changes }, command: Command) => {
      if (options.set !== undefined && options.cause === undefined) {
        throw new CommandError(EXIT.usage, ['--set changes the requests of imports: say which with --cause']);
      }
      await steer(globalsOf(command), id, '/resume', options);
    });

  batch
    .command('cancel')
    .description('start no new imports and cancel those under way')
    .argument('<id>')
    .option('--finish-running', 'let imports that are under way finish', false)
    .action(async (id: string, options: { readonly finishRunning: boolean }, command: Command) =>
      steer(globalsOf(command), id, '/cancel', { running: options.finishRunning ? 'finish' : 'cancel' }),
    );

  batch
    .command('retry')
    .description('start a new attempt of every failed item')
    .argument('<id>')
    .option('--failed', 'the failed items (this is the default)', true)
    .option('--cancelled', 'those that were cancelled too', false)
    .action(async (id: string, { cancelled }: { readonly cancelled: boolean }, command: Command) =>
      steer(globalsOf(command), id, '/retry', { cancelled }),
    );

  batch
    .command('policy')
    .description('change the policy of a batch while it runs, e.g. concurrency=200 errorBudget=2%')
    .argument('<id>')
    .argument('<setting=value...>')
    .action(async (id: string, settings: readonly string[], _options, command: Command) => {
      const change = settings.reduce<Changes>((before, text) => collectChanges(text, before), {});
      await steer(globalsOf(command), id, '/policy', change);
    });
}

async function steer(globals: GlobalOptions, id: string, rest: string, body: unknown): Promise<void> {
  const { text } = await openApi(globals).call({ method: 'POST', path: batchPath(id, rest), body });
  const view = readBatch(text);
  print(globals.json ? text : wholeBatch(view));
}
