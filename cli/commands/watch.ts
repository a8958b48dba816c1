/** `watch ID`: shows an import live to its end. */
import type { Command } from 'commander';
import { openApi } from '../api.js';
import { globalsOf } from '../globals.js';
import { watchToTheEnd } from '../watching.js';

export function addWatch(program: Command): void {
  program
    .command('watch')
    .description('show an import live until it ends or needs you; the exit code tells which')
    .argument('<id>')
    .action(async (id: string, _options, command: Command) => {
      const globals = globalsOf(command);
      await watchToTheEnd(openApi(globals), id, globals);
    });
}
