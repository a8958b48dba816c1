/** `report ID`: prints the report of an import. */
import type { Command } from 'commander';
import { openApi, RETRY_FOR_MS, TEXT, textOf } from '../api.js';
import { print } from '../console.js';
import { globalsOf } from '../globals.js';
import { importId } from '../option-values.js';

export function addReport(program: Command): void {
  program
    .command('report')
    .description('print the report of an import in Markdown; with --json: the import and all its events')
    .argument('<id>', 'ID of the import', importId)
    .action(async (id: string, _options, command: Command) => {
      const globals = globalsOf(command);
      const text = await textOf(
        openApi(globals)
          .typed({ retryForMs: RETRY_FOR_MS })
          .GET('/v1/imports/{id}/report', {
            params: { path: { id } },
            headers: { accept: globals.json ? 'application/json' : 'text/markdown' },
            ...TEXT,
          }),
      );
      print(text.trimEnd());
    });
}
