/** `report ID`: everything that happened to an import, for the record. */
import type { Command } from 'commander';
import { importPath, openApi, SHORT_PATIENCE_MS } from '../api.js';
import { print } from '../console.js';
import { globalsOf } from '../globals.js';

export function addReport(program: Command): void {
  program
    .command('report')
    .description('print the report of an import (Markdown; with --json the import and all its events)')
    .argument('<id>')
    .action(async (id: string, _options, command: Command) => {
      const globals = globalsOf(command);
      const { text } = await openApi(globals).call({
        method: 'GET',
        path: importPath(id, '/report'),
        headers: { accept: globals.json ? 'application/json' : 'text/markdown' },
        retryForMs: SHORT_PATIENCE_MS,
      });
      print(text.trimEnd());
    });
}
