/** `resume ID`: continues an import after its cause is fixed. `--code`: all imports that stopped with this code. */

import type { Command } from 'commander';
import { readImport } from '../../client/answers.js';
import { isObject } from '../../domain/json-value.js';
import { type Api, openApi, parse, TEXT, textOf } from '../api.js';
import { print } from '../console.js';
import { printDocument, printResult } from '../document.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { type Changes, collectChanges, importId } from '../option-values.js';
import { resolveImport } from '../resolve.js';
import { outcome } from '../summary.js';
import { wrongUsage } from '../usage.js';

interface Options {
  readonly set?: Changes;
  readonly code?: string;
}

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('continue an import that required action')
    .argument('[id]', 'ID, beginning of an ID, or name of the only such import', importId)
    .option('--code <code>', 'continue all imports that stopped with this code, e.g. Account.Arrearage')
    .option('--set <path=value>', 'change the request first, e.g. imageName=web-02; repeatable', collectChanges)
    .action(async (given: string | undefined, options: Options, command: Command) => {
      const globals = globalsOf(command);
      const api = openApi(globals);
      if (options.code !== undefined && given === undefined && options.set === undefined) {
        return resumeAll(api, options.code, globals);
      }
      if (given === undefined || options.code !== undefined) {
        throw wrongUsage('give either the ID of an import (with optional --set) or --code alone', command);
      }
      const id = await resolveImport(api, given, 'change');
      const call = { params: { path: { id } }, body: { set: options.set ?? {} }, ...TEXT };
      const text = await textOf(api.typed().POST('/v1/imports/{id}/resume', call));
      printResult(globals, text, () => outcome(readImport(text)).join('\n'));
    });
}

async function resumeAll(api: Api, code: string, globals: GlobalOptions): Promise<void> {
  const text = await textOf(api.typed().POST('/v1/imports/resume', { body: { code }, ...TEXT }));
  const answer = parse(text);
  const { resumed = [], notResumed = [] } = isObject(answer) ? answer : {};
  const ids = Array.isArray(resumed) ? resumed.map(String) : [];
  const others = Array.isArray(notResumed) ? notResumed.filter(isObject) : [];
  if (globals.json) return printDocument(globals, text);
  print(
    ids.length + others.length === 0
      ? `no import waits because of ${code}`
      : `resumed ${ids.length} imports that waited because of ${code}`,
  );
  for (const line of [...ids, ...others.map(({ id, reason }) => `not resumed: ${String(id)}: ${String(reason)}`)])
    print(line);
}
