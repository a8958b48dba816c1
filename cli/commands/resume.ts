/** `resume ID`: goes on with an import after a person has mended what it stopped on; `--code` with all that stopped on the same. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { readImport } from '../../client/answers.js';
import type { ImportView } from '../../domain/import.js';
import { isObject } from '../../domain/json-value.js';
import { type Api, getImport, importPath, openApi, parse } from '../api.js';
import { print } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { globalsOf } from '../globals.js';
import { type Changes, collectChanges } from '../option-values.js';
import { outcome } from '../summary.js';

interface Options {
  readonly set?: Changes;
  readonly code?: string;
}

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('go on with an import that needed you')
    .argument('[id]')
    .option('--code <code>', 'all imports that stopped with this code, e.g. Account.Arrearage')
    .option('--set <path=value>', 'change the request first, e.g. imageName=web-02; may be repeated', collectChanges)
    .action(async (id: string | undefined, options: Options, command: Command) => {
      const globals = globalsOf(command);
      const api = openApi(globals);
      if (options.code !== undefined && id === undefined && options.set === undefined) {
        return resumeAll(api, options.code, globals.json === true);
      }
      if (id === undefined || options.code !== undefined) {
        throw new CommandError(EXIT.usage, ['give the id of one import, with --set where needed; or --code alone']);
      }
      const { text } = await api.call({
        method: 'POST',
        path: importPath(id, '/resume'),
        body: { set: options.set ?? {} },
      });
      const latest = await onceTaken(api, readImport(text), text);
      print(globals.json ? latest.text : outcome(latest.view).join('\n'));
    });
}

async function resumeAll(api: Api, code: string, json: boolean): Promise<void> {
  const { text } = await api.call({ method: 'POST', path: '/v1/imports/resume', body: { code } });
  const answer = parse(text);
  const ids = isObject(answer) && Array.isArray(answer.resumed) ? answer.resumed : [];
  print(json ? text : [`resumed ${ids.length} imports that waited for ${code}`, ...ids.map(String)].join('\n'));
}

const TAKEN_WITHIN_MS = 10_000;

/** The answer comes before the import has left its stop: waits for that, so that a `watch` that follows sees it run. */
async function onceTaken(api: Api, view: ImportView, text: string): Promise<{ view: ImportView; text: string }> {
  const stop = view.attention?.since;
  let latest = { view, text };
  for (const deadline = Date.now() + TAKEN_WITHIN_MS; Date.now() < deadline; await sleep(100)) {
    if (latest.view.attention === null || latest.view.attention.since !== stop) break;
    latest = await getImport(api, view.id);
  }
  return latest;
}
