/** `cancel ID`: stops an import; what it made is deleted. */
import type { Command } from 'commander';
import { readImport } from '../../client/answers.js';
import { importPath, openApi } from '../api.js';
import { print } from '../console.js';
import { globalsOf } from '../globals.js';
import { outcome } from '../summary.js';

export function addCancel(program: Command): void {
  program
    .command('cancel')
    .description('stop an import and delete what it made')
    .argument('<id>')
    .option('--keep-image', 'keep an image that was finished before the cancel reached it')
    .action(async (id: string, options: { readonly keepImage?: boolean }, command: Command) => {
      const globals = globalsOf(command);
      const { text } = await openApi(globals).call({
        method: 'POST',
        path: importPath(id, '/cancel'),
        body: { keepImage: options.keepImage === true },
      });
      if (globals.json) print(text);
      else print(`cancel asked for; ${outcome(readImport(text))[0]} (\`ecs-image-import watch ${id}\` shows its end)`);
    });
}
