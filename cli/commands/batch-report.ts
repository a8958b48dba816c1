/** `batch report ID`: how every item ended, for the record; printed as it arrives. */
import { type Command, Option } from 'commander';
import { openApi } from '../api.js';
import { batchPath } from '../batch-view.js';
import { globalsOf } from '../globals.js';

const FORMATS = ['markdown', 'json', 'csv'] as const;
const WITHIN_MS = 10 * 60_000;

export function addBatchReport(batch: Command): void {
  batch
    .command('report')
    .description('print the report of a batch with all its items')
    .argument('<id>')
    .addOption(new Option('--format <format>', 'default: markdown, with --json json').choices(FORMATS))
    .action(async (id: string, options: { readonly format?: string }, command: Command) => {
      const globals = globalsOf(command);
      const format = options.format ?? (globals.json ? 'json' : 'markdown');
      const path = batchPath(id, `/report?format=${format}`);
      const response = await openApi(globals).open(path, {}, AbortSignal.timeout(WITHIN_MS));
      if (response.body === null) return;
      for await (const chunk of response.body) {
        if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    });
}
