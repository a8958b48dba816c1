/** `batch report ID`: prints the report of a batch while it is received, because it can be large. */
import { type Command, Option } from 'commander';
import { openApi } from '../api.js';
import { batchPath } from '../batch-view.js';
import { printStream } from '../console.js';
import { globalsOf } from '../globals.js';
import { batchId } from '../option-values.js';
import { resolveBatch } from '../resolve.js';
import { wrongUsage } from '../usage.js';

const FORMATS = ['markdown', 'json', 'csv'] as const;
const TIMEOUT_MS = 10 * 60_000;

export function addBatchReport(batch: Command): void {
  batch
    .command('report')
    .description('print a report with the result of every item')
    .argument('<id>', 'ID, beginning of an ID, or name of the batch', batchId)
    .addOption(
      new Option('--format <format>', 'format of the report (default: markdown; with --json: json)').choices(FORMATS),
    )
    .action(async (given: string, options: { readonly format?: string }, command: Command) => {
      const globals = globalsOf(command);
      if (globals.json && options.format !== undefined && options.format !== 'json') {
        throw wrongUsage(`--json contradicts --format ${options.format}`, command);
      }
      const format = options.format ?? (globals.json ? 'json' : 'markdown');
      const api = openApi(globals);
      const id = await resolveBatch(api, given, 'show');
      const path = batchPath(id, `/report?format=${format}`);
      const response = await api.open(path, {}, AbortSignal.timeout(TIMEOUT_MS));
      if (response.body === null) return;
      await printStream(response.body);
    });
}
