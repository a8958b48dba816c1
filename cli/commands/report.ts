/** `report ID`: prints the report of an import. */
import type { Command } from 'commander';
import { openApi, RETRY_FOR_MS, TEXT, textOf } from '../api.js';
import { print } from '../console.js';
import { printDocument } from '../document.js';
import { globalsOf } from '../globals.js';
import { importId } from '../option-values.js';
import { resolveImport } from '../resolve.js';

export function addReport(program: Command): void {
  program
    .command('report')
    .description('print the report of an import in Markdown; with --json: the import and all its events')
    .argument('<id>', 'ID, beginning of an ID, or name of the import', importId)
    .action(async (given: string, _options, command: Command) => {
      const globals = globalsOf(command);
      const api = openApi(globals);
      const id = await resolveImport(api, given, 'show');
      const text = await textOf(
        api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports/{id}/report', {
          params: { path: { id } },
          headers: { accept: globals.json ? 'application/json' : 'text/markdown' },
          ...TEXT,
        }),
      );
      if (globals.json) printDocument(globals, text.trimEnd());
      else print(text.trimEnd());
    });
}
