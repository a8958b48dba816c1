/** `cancel ID`: cancels an import. */
import type { Command } from 'commander';
import { readImport } from '../../client/answers.js';
import { openApi, TEXT, textOf } from '../api.js';
import { printResult } from '../document.js';
import { globalsOf } from '../globals.js';
import { importId } from '../option-values.js';
import { resolveImport } from '../resolve.js';
import { outcome } from '../summary.js';

export function addCancel(program: Command): void {
  program
    .command('cancel')
    .description('cancel an import and delete the cloud resources that it created')
    .argument('<id>', 'ID, beginning of an ID, or name of the only such import', importId)
    .option('--keep-image', 'keep the image if it is already complete')
    .action(async (given: string, options: { readonly keepImage?: boolean }, command: Command) => {
      const globals = globalsOf(command);
      const api = openApi(globals);
      const id = await resolveImport(api, given, 'change');
      const call = { params: { path: { id } }, body: { keepImage: options.keepImage === true }, ...TEXT };
      const text = await textOf(api.typed().POST('/v1/imports/{id}/cancel', call));
      const shown = () => [
        `cancellation requested; ${outcome(readImport(text))[0]}`,
        `to see the result: ecs-image-import watch ${id}`,
      ];
      printResult(globals, text, () => shown().join('\n'));
    });
}
