/** Operations on an existing batch: pause, resume, cancel, retry items, change the policy. */
import { type BatchFinalState, type BatchView, isFinalBatch } from '../domain/batch/batch.js';
import type { BatchCancelSignal, BatchResumeImportsSignal } from '../domain/batch/names.js';
import { readPolicy } from '../domain/batch/policy.js';
import type { RequestProblem } from '../domain/request/request.js';
import { isSameServer, type TemporalServer } from '../domain/temporal-server.js';
import { unknownCode } from '../imports/unknown-code.js';
import type { RecordedBatch } from '../store/batches.js';
import type { BatchMessage, BatchUseCaseDependencies } from './ports.js';

type Steering = Pick<BatchUseCaseDependencies, 'batches' | 'views' | 'workflows'>;

export type SteerOutcome =
  /** The batch as currently recorded; its workflow records the change soon after. */
  | { readonly kind: 'done'; readonly batch: BatchView }
  | { readonly kind: 'unknownBatch' }
  | { readonly kind: 'ended'; readonly state: BatchFinalState }
  | OtherServer
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Its workflow runs on another Temporal server: a message would start a second one here. */
export interface OtherServer {
  readonly kind: 'otherServer';
  readonly startedIn: TemporalServer;
  readonly connected: TemporalServer;
}

export type PolicyOutcome =
  | SteerOutcome
  | { readonly kind: 'wrongPolicy'; readonly problems: readonly RequestProblem[] };

export type ResumeImportsOutcome =
  | SteerOutcome
  /** No import of the batch waits for this code, and the code does not exist. */
  | { readonly kind: 'unknownCode'; readonly nearest: string | null };

export const pauseBatch = (deps: Steering, id: string) => steer(deps, id, { kind: 'pause' });

/** Lifts a pause and the batch's own attention. */
export const resumeBatch = (deps: Steering, id: string) => steer(deps, id, { kind: 'resume' });

/** Shown as `cancelling` from now on. */
export const cancelBatch = (deps: Steering, id: string, signal: BatchCancelSignal) =>
  steer(deps, id, { kind: 'cancel', ...signal });

/** Resumes the imports of a batch that stopped for one cause. */
export async function resumeBatchImports(
  deps: Steering,
  id: string,
  signal: BatchResumeImportsSignal,
): Promise<ResumeImportsOutcome> {
  const { cause } = signal;
  const unknown = cause === null ? null : unknownCode(cause);
  // Imports may wait for a code that this version does not know.
  if (unknown !== null && (await deps.batches.stoppedImports(id, cause, '', 1)).length === 0) {
    const batch = await deps.batches.forStart(id);
    return batch === null ? { kind: 'unknownBatch' } : { kind: 'unknownCode', ...unknown };
  }
  return await steer(deps, id, { kind: 'resumeImports', ...signal });
}

/** Fields that the change does not contain keep their values. */
export async function changeBatchPolicy(deps: Steering, id: string, change: unknown): Promise<PolicyOutcome> {
  const batch = await deps.batches.forStart(id);
  if (batch === null) return { kind: 'unknownBatch' };
  if (isFinalBatch(batch.state)) return { kind: 'ended', state: batch.state };
  const read = readPolicy(change, batch.policy);
  if (!read.ok) return { kind: 'wrongPolicy', problems: read.problems };
  const elsewhere = await runsElsewhere(deps, batch);
  if (elsewhere !== null) return elsewhere;
  const delivery = await deps.workflows.setPolicy(batch, change);
  return delivery.kind === 'unreachable' ? delivery : shown(deps, id);
}

async function steer(deps: Steering, id: string, message: BatchMessage): Promise<SteerOutcome> {
  const batch = await deps.batches.forStart(id);
  if (batch === null) return { kind: 'unknownBatch' };
  if (isFinalBatch(batch.state)) return { kind: 'ended', state: batch.state };
  const elsewhere = await runsElsewhere(deps, batch);
  if (elsewhere !== null) return elsewhere;
  const delivery = await deps.workflows.send(batch, message);
  if (delivery.kind === 'unreachable') return delivery;
  // The workflow acts on the cancel only when a worker runs it.
  if (message.kind === 'cancel') await deps.batches.recordCancel(id);
  return shown(deps, id);
}

/** Null for an ended batch, which a retry may start on another server. */
export async function runsElsewhere(
  { workflows }: Pick<Steering, 'workflows'>,
  batch: RecordedBatch,
): Promise<OtherServer | null> {
  if (isFinalBatch(batch.state) || batch.server === null) return null;
  const connected = await workflows.server.lately();
  if (connected === null || isSameServer(batch.server, connected)) return null;
  return { kind: 'otherServer', startedIn: batch.server, connected };
}

export async function shown(deps: Pick<Steering, 'views'>, id: string): Promise<SteerOutcome> {
  const batch = await deps.views.get(id);
  return batch === null ? { kind: 'unknownBatch' } : { kind: 'done', batch };
}
