/** `watch ID`: shows the progress of an import. */
import type { Command } from 'commander';
import { openApi } from '../api.js';
import { globalsOf } from '../globals.js';
import { type ProgressMode, progressOption } from '../live-view.js';
import { importId } from '../option-values.js';
import { resolveImport } from '../resolve.js';
import { watchToEnd } from '../watching.js';

export function addWatch(program: Command): void {
  program
    .command('watch')
    .description('show the progress of an import until it ends or requires action; the exit code reports which')
    .argument('<id>', 'ID, beginning of an ID, or name of the import', importId)
    .addOption(progressOption())
    .action(async (given: string, { progress }: { readonly progress?: ProgressMode }, command: Command) => {
      const globals = globalsOf(command);
      const api = openApi(globals);
      const id = await resolveImport(api, given, 'show');
      await watchToEnd(api, id, { ...globals, ...(progress === undefined ? {} : { progress }) });
    });
}
