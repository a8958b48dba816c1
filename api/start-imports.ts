/**
 * Starts the workflow of an accepted import. The record is written first, so whatever dies in between, the import is
 * started later: by the next request's process, or by the sweep.
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { importWorkflowId } from '../domain/ids.js';
import { IMPORT_WORKFLOW, type ImportWorkflowInput, MAIN_QUEUE, type Pace } from '../domain/process-names.js';
import type { ImportStore, ImportToStart } from '../store/imports.js';

const SWEEP_EVERY_MS = 2_000;
/** Younger ones are being started by the request that made them. */
const LEFT_ALONE_MS = 3_000;
const SWEEP_PAGE = 200;

export interface ImportStarter {
  /** Resolves false when Temporal cannot be reached now: the sweep will start the import. */
  start(accepted: ImportToStart): Promise<boolean>;
  stop(): void;
}

export function createImportStarter(
  client: Client,
  store: ImportStore,
  pace: Pace,
  log: { warn(attributes: object, message: string): void },
): ImportStarter {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  async function startNow(accepted: ImportToStart): Promise<void> {
    const input: ImportWorkflowInput = {
      importId: accepted.id,
      request: accepted.request,
      fileQueue: accepted.fileQueue,
      pace,
    };
    try {
      await client.workflow.start(IMPORT_WORKFLOW, {
        workflowId: importWorkflowId(accepted.id),
        taskQueue: MAIN_QUEUE,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: `${accepted.request.imageName} → ${accepted.request.region}`,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    await store.markStarted(accepted.id);
  }

  async function start(accepted: ImportToStart): Promise<boolean> {
    try {
      await client.connection.withDeadline(Date.now() + 5_000, () => startNow(accepted));
      return true;
    } catch (error) {
      log.warn({ importId: accepted.id, error: String(error) }, 'workflow not started yet');
      return false;
    }
  }

  async function sweep(): Promise<void> {
    try {
      for (const accepted of await store.toStart(LEFT_ALONE_MS, SWEEP_PAGE)) {
        if (stopped || !(await start(accepted))) break;
      }
    } catch (error) {
      log.warn({ error: String(error) }, 'sweep failed');
    }
    if (!stopped) timer = setTimeout(() => void sweep(), SWEEP_EVERY_MS);
  }
  void sweep();

  return {
    start,
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
