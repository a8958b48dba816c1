/** One round of comparing records with their workflows, the same for imports and batches. */
import type { TemporalServer } from '../domain/temporal-server.js';
import type { CheckTiming } from '../store/workflow-checks.js';
import type { ImportWorkflows, WorkflowStatus } from './ports.js';

/** When records are checked for which nobody asks. */
export const CHECK_TIMING: CheckTiming = { idleMs: 5_000, everyMs: 15_000 };

type Reading = Pick<ImportWorkflows, 'server' | 'status'>;

/**
 * Reads the status of each workflow and settles the records one after the other. Does nothing if Temporal cannot be reached,
 * or if the server behind the address was replaced meanwhile.
 */
export async function settleEach<Item extends { readonly id: string }>(
  workflows: Reading,
  due: readonly Item[],
  settle: (item: Item, status: WorkflowStatus, server: TemporalServer) => Promise<unknown>,
): Promise<void> {
  if (due.length === 0) return;
  const server = await workflows.server.now();
  if (server === null) return;
  const statuses = await Promise.all(due.map(({ id }) => workflows.status(id)));
  const after = await workflows.server.now();
  if (JSON.stringify(after) !== JSON.stringify(server)) return;
  for (const [index, item] of due.entries()) {
    const status = statuses[index];
    if (status !== undefined) await settle(item, status, server);
  }
}
