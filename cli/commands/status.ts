/** `status ID`: shows one import. Without an id: the state of the service. */

import type { Command } from 'commander';
import { isObject } from '../../domain/json-value.js';
import { getImport, openApi, parse, RETRY_FOR_MS } from '../api.js';
import { print } from '../console.js';
import { printDocument, printResult } from '../document.js';
import { CommandError, EXIT } from '../exit.js';
import { clean } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { importId } from '../option-values.js';
import { resolveImport } from '../resolve.js';
import { colored } from '../style.js';
import { formatImport } from '../summary.js';
import { table } from '../table.js';
import { exitWithState } from '../watching.js';

const NOT_READY = 503;

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('show one import; without an ID: the state of the service and its parts')
    .argument('[id]', 'ID, beginning of an ID, or name of the import', importId)
    .action(async (id: string | undefined, _options, command: Command) => {
      const globals = globalsOf(command);
      if (id === undefined) await showParts(globals);
      else await showImport(id, globals);
    });
}

async function showImport(given: string, globals: GlobalOptions): Promise<void> {
  const api = openApi(globals);
  const { view, text } = await getImport(api, await resolveImport(api, given, 'show'));
  printResult(globals, text, () => formatImport(view, globals));
  exitWithState(view);
}

async function showParts(globals: GlobalOptions): Promise<void> {
  const { text, status } = await openApi(globals).call({
    method: 'GET',
    path: '/readyz',
    alsoFine: [NOT_READY],
    retryForMs: RETRY_FOR_MS,
  });
  const ready = parse(text);
  if (!isObject(ready) || !Array.isArray(ready.checks) || !Array.isArray(ready.parts)) {
    throw new CommandError(EXIT.failed, ['the API returned an unexpected answer: check --api']);
  }
  const isReady = status < 400;
  const failure = new CommandError(EXIT.notReady, []);
  if (globals.json) {
    printDocument(globals, text);
    if (!isReady) throw failure;
    return;
  }
  print(colored(isReady ? 'ready' : 'failed', clean(String(ready.status))));
  const checks = ready.checks.filter(isObject).map((check) => [cell(check.name), cell(check.message)]);
  print(table(['check', 'result'], checks));
  const parts = ready.parts
    .filter(isObject)
    .map((part) => [part.name, part.pid, part.state, part.restarts, part.address].map(cell));
  if (parts.length > 0) print(table(['part', 'pid', 'state', 'restarts', 'address'], parts));
  // Without an identity, the API leaves these fields out.
  const isAnonymous = parts.length > 0 && ready.parts.filter(isObject).every((part) => part.pid === undefined);
  if (isAnonymous) print('processes, hosts and addresses are shown with a valid key only: set ECS_IMPORT_API_TOKEN');
  if (!isReady) throw failure;
}

function cell(value: unknown): string {
  return value === null || value === undefined ? '-' : String(value);
}
