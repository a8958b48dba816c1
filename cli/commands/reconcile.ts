/** `reconcile [--apply]`: lists imports and batches whose workflow is not found in Temporal, and ends them. */
import type { Command } from 'commander';
import { isObject } from '../../domain/json-value.js';
import { openApi, parse, TEXT, textOf } from '../api.js';
import { print } from '../console.js';
import { printDocument } from '../document.js';
import { CommandError, EXIT } from '../exit.js';
import { globalsOf } from '../globals.js';
import { table } from '../table.js';

export function addReconcile(program: Command): void {
  program
    .command('reconcile')
    .description('list imports and batches whose workflow is not found in Temporal')
    .option(
      '--apply',
      'end them: remove the resources of the imports, and cancel the waiting items of the batches',
      false,
    )
    .action(async ({ apply }: { readonly apply: boolean }, command: Command) => {
      const globals = globalsOf(command);
      const text = await textOf(
        openApi(globals)
          .typed()
          .POST('/v1/reconcile', { body: { apply }, ...TEXT }),
      );
      if (globals.json) return printDocument(globals, text);
      const answer = parse(text);
      if (!isObject(answer) || !Array.isArray(answer.lost) || !Array.isArray(answer.done)) {
        throw new CommandError(EXIT.failed, ['the API returned an unexpected answer: check --api']);
      }
      print(`connected to ${serverText(answer.connected)}`);
      const unchecked = typeof answer.unchecked === 'number' ? answer.unchecked : 0;
      if (answer.lost.length > 0 || unchecked === 0)
        printLost(answer.lost.filter(isObject), answer.done.map(String), apply);
      if (unchecked > 0) print(`${stillChecked(unchecked)}: run it again in a minute`);
      for (const { key, why } of Array.isArray(answer.left) ? answer.left.filter(isObject) : []) {
        print(`not ended: ${String(key)}: ${String(why)}`);
      }
    });
}

const ACTIONS: Readonly<Record<string, string>> = {
  'clean-up': 'end as cancelled and remove its resources',
  'record-result': 'record the result of its workflow',
  none: 'none: its workflow runs again',
};

function printLost(lost: readonly Readonly<Record<string, unknown>>[], done: readonly string[], apply: boolean): void {
  if (lost.length === 0) {
    print('no import or batch is without its workflow');
    return;
  }
  const row = (one: Readonly<Record<string, unknown>>) => [
    ...[one.kind, one.id, one.code].map(String),
    serverText(one.startedIn),
    ACTIONS[String(one.action)] ?? String(one.action),
    done.includes(String(one.id)) ? 'done' : 'not applied',
  ];
  print(table(['kind', 'id', 'code', 'started in', 'action', 'status'], lost.map(row)));
  if (apply) return;
  print(
    'Check the server first: with a wrong TEMPORAL_ADDRESS or TEMPORAL_NAMESPACE, imports that run elsewhere are listed.',
  );
  print('If that server no longer exists, apply the actions: ecs-image-import reconcile --apply');
}

function stillChecked(count: number): string {
  return count === 1
    ? '1 import or batch is still being checked'
    : `${count} imports or batches are still being checked`;
}

function serverText(server: unknown): string {
  if (!isObject(server)) return 'unknown';
  const { namespace, namespaceId, clusterId } = server;
  return `namespace ${String(namespace)} (${String(namespaceId)}), cluster ${String(clusterId)}`;
}
