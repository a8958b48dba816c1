/** `retry ID`: starts a new import from the request of one that has ended, with changes. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { readImport } from '../../client/answers.js';
import { openApi, RETRY_FOR_MS } from '../api.js';
import { print } from '../console.js';
import { printResult } from '../document.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { type ProgressMode, progressOption } from '../live-view.js';
import { type Changes, collectChanges, importId } from '../option-values.js';
import { resolveImport } from '../resolve.js';
import { sayWarnings } from '../warnings.js';
import { watchToEnd } from '../watching.js';

interface Options extends GlobalOptions {
  readonly set?: Changes;
  readonly detach: boolean;
  readonly progress?: ProgressMode;
}

export function addRetry(program: Command): void {
  program
    .command('retry')
    .description('start a new import from the request of one that has ended, and show progress')
    .argument('<id>', 'ID, beginning of an ID, or name of the only such import', importId)
    .option('--set <path=value>', 'change the request first, e.g. upload.bucket=images; repeatable', collectChanges)
    .option('--detach', 'print the ID of the new import and exit without waiting', false)
    .addOption(progressOption())
    .action(async (given: string, _options, command: Command) => {
      const options = { ...command.opts<Options>(), ...globalsOf(command) };
      const api = openApi(options);
      const id = await resolveImport(api, given, 'change');
      const { text } = await api.call({
        method: 'POST',
        path: `/v1/imports/${encodeURIComponent(id)}/retry`,
        body: { set: options.set ?? {} },
        // Makes it safe to repeat the call after a lost answer.
        headers: { 'idempotency-key': randomUUID() },
        retryForMs: 4 * RETRY_FOR_MS,
      });
      const view = readImport(text);
      if (options.detach) return printResult(options, text, () => view.id);
      if (!options.json) print(`import ${view.id}`);
      sayWarnings(text);
      await watchToEnd(api, view.id, options);
    });
}
