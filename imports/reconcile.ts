/**
 * Lists imports that stopped because their workflow was not found, and ends them if requested. It applies to what the record
 * shows as lost, and checks each import again before it acts.
 */
import { isFinal } from '../domain/import.js';
import { runsElsewhere } from '../domain/lost-workflow.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import type { CheckTiming, WorkflowToCheck } from '../store/workflow-checks.js';
import { startCleanUp } from './clean-up-anew.js';
import type { ImportDependencies, WorkflowStatus } from './ports.js';

/** A lost import or batch, and what `reconcile` does with it. */
export interface LostItem {
  readonly kind: 'import' | 'batch';
  readonly id: string;
  readonly code: string;
  readonly message: string;
  /** Where it was started or last seen; null: unknown. */
  readonly startedIn: TemporalServer | null;
  readonly action: LostAction;
}

/**
 * `clean-up`: a new workflow removes its resources, and it ends as cancelled. `record-result`: its workflow completed, and
 * the result is written to the record. `none`: its workflow runs again.
 */
export type LostAction = 'clean-up' | 'record-result' | 'none';

export interface Reconciled {
  readonly done: readonly string[];
  readonly left: readonly { readonly id: string; readonly why: string }[];
}

const PAGE = 200;
const CONCURRENT = 10;
/** The limit of one call; another call continues. */
const MAX_PER_CALL = 10_000;

/** Open imports and batches whose state on the connected server is older than this are still to be checked. */
export const RECENT_CHECK: CheckTiming = { idleMs: 5_000, everyMs: 60_000 };

export async function listLostImports(deps: ImportDependencies): Promise<readonly LostItem[]> {
  const items: LostItem[] = [];
  await forEachLost(deps, async (lost, status) => {
    const { id, server, lost: attention } = lost;
    if (attention === null || status.kind === 'unreachable') return;
    const { code, message } = attention;
    items.push({ kind: 'import', id, code, message, startedIn: server, action: actionFor(status) });
  });
  return items.sort((one, other) => (one.id < other.id ? -1 : 1));
}

export async function reconcileImports(deps: ImportDependencies): Promise<Reconciled> {
  const done: string[] = [];
  const left: { id: string; why: string }[] = [];
  await forEachLost(deps, async (lost, status) => {
    const why = await settle(deps, lost, status).catch(String);
    if (why === null) done.push(lost.id);
    else left.push({ id: lost.id, why });
  });
  return { done, left };
}

/** @returns null if it is settled, otherwise why not */
async function settle(deps: ImportDependencies, lost: WorkflowToCheck, status: WorkflowStatus): Promise<string | null> {
  const { store, workflows, clock } = deps;
  const now = await store.standing(lost.id);
  if (now === null || isFinal(now.state)) return null;
  switch (status.kind) {
    case 'unreachable':
      return `Temporal cannot be reached: ${status.reason}`;
    case 'running': {
      const server = await workflows.server.now();
      if (server === null) return 'Temporal cannot be reached';
      await store.workflowFound(lost.id, server);
      return null;
    }
    case 'completed': {
      const outcome = await workflows.outcome(lost.id);
      if (outcome === null) return 'the result of its workflow cannot be read';
      const step = { importId: lost.id, version: now.version, phase: 'done' } as const;
      await store.finish(step, outcome.state, outcome.error);
      return null;
    }
    case 'unknown':
    case 'broken': {
      const server = await workflows.server.now();
      if (server === null) return 'Temporal cannot be reached';
      if (runsElsewhere(lost, server)) return 'another process has just seen its workflow running on another server';
      const earlier = status.kind === 'broken' ? status : { how: 'lost', closedAtMs: clock.now() };
      const delivery = await startCleanUp(deps, now, { keepImage: false }, earlier);
      if (delivery.kind === 'unreachable') return `Temporal cannot be reached: ${delivery.reason}`;
      if (delivery.kind === 'notRunning') return 'its workflow has completed meanwhile';
      await store.recordCancel(lost.id, now.attentionVersion, null);
      return null;
    }
  }
}

function actionFor({ kind }: WorkflowStatus): LostAction {
  if (kind === 'running') return 'none';
  return kind === 'completed' ? 'record-result' : 'clean-up';
}

async function forEachLost(
  { store, workflows }: ImportDependencies,
  act: (lost: WorkflowToCheck, status: WorkflowStatus) => Promise<void>,
): Promise<void> {
  let after = '';
  for (let seen = 0; seen < MAX_PER_CALL; ) {
    const page = await store.lostImports(after, PAGE);
    for (let at = 0; at < page.length; at += CONCURRENT) {
      const some = page.slice(at, at + CONCURRENT);
      await Promise.all(some.map(async (lost) => act(lost, await workflows.status(lost.id))));
    }
    after = page.at(-1)?.id ?? after;
    seen += page.length;
    if (page.length < PAGE) return;
  }
}
