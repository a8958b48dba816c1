/**
 * Counts the actions of Temporal, by which Temporal Cloud bills: the server's own metric `action`, by the kind of the action.
 * The embedded server serves its metrics in its network namespace, so the request is sent from there.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { INNER_PORTS } from '../../local/temporal/proxy/sockets.js';

const execute = promisify(execFile);

/** The number of actions by their kind. */
export type Actions = Readonly<Record<string, number>>;

/** The server's names, and what they count. */
const KINDS: readonly (readonly [type: string, kind: string])[] = [
  ['grpc_StartWorkflowExecution', 'start'],
  ['command_START_CHILD_WORKFLOW_EXECUTION', 'child workflow'],
  ['command_START_CHILD_WORKFLOW_EXECUTION_Extra', 'child workflow'],
  ['command_CONTINUE_AS_NEW_WORKFLOW_EXECUTION', 'continue as new'],
  ['command_SCHEDULE_ACTIVITY_TASK', 'activity'],
  ['activity_retry', 'retry'],
  ['grpc_RecordActivityTaskHeartbeat', 'heartbeat'],
  ['command_BatchMarkers', 'markers of a task'],
  ['command_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES', 'search attributes'],
  ['command_START_TIMER', 'timer'],
  ['grpc_SignalWorkflowExecution', 'signal'],
  ['grpc_QueryWorkflow', 'query'],
];

/** @param where the metrics of a server on this machine, or the process id of the embedded server */
export async function countActions(
  where: { readonly metricsUrl: string } | { readonly pid: number },
): Promise<Actions> {
  const text =
    'pid' in where
      ? await inNamespace(where.pid, `http://127.0.0.1:${INNER_PORTS.metrics}/metrics`)
      : await (await fetch(where.metricsUrl)).text();
  return parseActions(text);
}

/** @param text in the format of Prometheus */
export function parseActions(text: string): Actions {
  const names = new Map(KINDS);
  const counts: Record<string, number> = {};
  for (const [, labels = '', value = ''] of text.matchAll(/^action(?:_total)?\{(.*)\} (\S+)$/gm)) {
    const type = /action_type="([^"]*)"/.exec(labels)?.[1] ?? '';
    if (/namespace="temporal-system"/.test(labels)) continue;
    const kind = names.get(canonical(type)) ?? type;
    counts[kind] = (counts[kind] ?? 0) + Number(value);
  }
  return counts;
}

/** Commands have had two spellings: `command_ScheduleActivityTask` and `command_SCHEDULE_ACTIVITY_TASK`. */
function canonical(type: string): string {
  const [, command = '', extra = ''] = /^command_([A-Z][A-Za-z]*?)(_Extra)?$/.exec(type) ?? [];
  if (command === '' || command === 'BatchMarkers' || !/[a-z]/.test(command)) return type;
  return `command_${command.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}${extra}`;
}

export function difference(after: Actions, before: Actions): Actions {
  const changed = Object.entries(after).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
  return Object.fromEntries(changed.filter(([, count]) => count > 0));
}

/** @param items divides each number */
export function describeActions(actions: Actions, items = 1): string {
  const shown = (count: number) => (items === 1 ? String(count) : (count / items).toFixed(2));
  const total = Object.values(actions).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(actions)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${shown(count)}`);
  return `${shown(total)} (${kinds.join(', ')})`;
}

async function inNamespace(pid: number, url: string): Promise<string> {
  const read = `fetch(${JSON.stringify(url)}).then((response) => response.text()).then((text) => process.stdout.write(text))`;
  const { stdout } = await execute(
    'nsenter',
    ['--target', String(pid), '--user', '--net', '--preserve-credentials', process.execPath, '--eval', read],
    { maxBuffer: 64 * 1024 ** 2 },
  );
  return stdout;
}
