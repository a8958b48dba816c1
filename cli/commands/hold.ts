/** `hold ID`, `release ID` and `holds`: imports and batches that are not deleted. */
import type { Command } from 'commander';
import { isObject } from '../../domain/json-value.js';
import { type Api, openApi, parse, TEXT, textOf } from '../api.js';
import { print } from '../console.js';
import { printDocument, printResult } from '../document.js';
import { globalsOf } from '../globals.js';
import { resolveBatch, resolveImport } from '../resolve.js';
import { table } from '../table.js';

export function addHold(program: Command): void {
  program
    .command('hold')
    .description('keep an import, or a batch with its imports, until it is released: it is not deleted when it is old')
    .argument('<id>', 'ID of the import or batch, its beginning, or the name of the only such import')
    .requiredOption('--reason <text>', 'why it must be kept, for example the number of a legal case')
    .action(async (given: string, { reason }: { readonly reason: string }, command: Command) => {
      const globals = globalsOf(command);
      const api = openApi(globals);
      const id = await resolved(api, given);
      const { text } = await api.call({ method: 'POST', path: `${pathOf(id)}/hold`, body: { reason } });
      printResult(globals, text, () => `${id} is kept until it is released: ecs-image-import release ${id}`);
    });
}

export function addRelease(program: Command): void {
  program
    .command('release')
    .description('release the hold of an import or batch')
    .argument('<id>', 'ID of the import or batch, its beginning, or the name of the only such import')
    .action(async (given: string, _options: object, command: Command) => {
      const globals = globalsOf(command);
      const api = openApi(globals);
      const id = await resolved(api, given);
      const { text } = await api.call({ method: 'POST', path: `${pathOf(id)}/release`, body: {} });
      printResult(globals, text, () => `${id} is released: it is deleted when it is old enough`);
    });
}

export function addHolds(program: Command): void {
  program
    .command('holds')
    .description('list imports and batches that are kept until they are released')
    .action(async (_options: object, command: Command) => {
      const globals = globalsOf(command);
      const text = await textOf(openApi(globals).typed().GET('/v1/holds', TEXT));
      if (globals.json) return printDocument(globals, text);
      const answer = parse(text);
      const holds = isObject(answer) && Array.isArray(answer.holds) ? answer.holds.filter(isObject) : [];
      if (holds.length === 0) return print('no import or batch is held');
      print(
        table(
          ['id', 'since', 'reason'],
          holds.map(({ id, since, reason }) => [id, since, reason].map(String)),
        ),
      );
    });
}

function resolved(api: Api, given: string): Promise<string> {
  return given.startsWith('bat-') ? resolveBatch(api, given, 'change') : resolveImport(api, given, 'change');
}

function pathOf(id: string): string {
  return `/v1/${id.startsWith('bat-') ? 'batches' : 'imports'}/${encodeURIComponent(id)}`;
}
