/** Creates a batch from a file: stores it completely or not at all, then starts its workflow. */
import { randomBytes } from 'node:crypto';
import type { BadItem } from '../domain/batch/batch.js';
import { newBatchId } from '../domain/batch/names.js';
import { checkBatch } from './check.js';
import type { BatchUseCaseDependencies } from './ports.js';
import { startBatchWorkflow } from './sweep.js';
import { type BatchSettings, type TakenIn, takeInBatch } from './take-in.js';

export type BatchOrder = Omit<BatchSettings, 'id' | 'workerHost' | 'accounts' | 'sealSource'>;

export type CreateOutcome =
  | {
      readonly kind: 'created';
      readonly batchId: string;
      /** False if the same file was stored before with this name or key. */
      readonly isNew: boolean;
      readonly skipped: readonly BadItem[];
      readonly skippedCount: number;
    }
  /** As many files are being received as this process can. */
  | { readonly kind: 'tooMany' }
  | Exclude<TakenIn, { readonly kind: 'made' | 'same' }>;

/** How many files a process receives concurrently. */
const MAX_ARRIVING = 10;

/** The functions that receive batch files. Limits how many files it receives concurrently. */
export function batchCreation(deps: BatchUseCaseDependencies) {
  let arriving = 0;
  const limited = async <Result>(receive: () => Promise<Result>): Promise<Result | { readonly kind: 'tooMany' }> => {
    if (arriving >= MAX_ARRIVING) return { kind: 'tooMany' };
    arriving += 1;
    try {
      return await receive();
    } finally {
      arriving -= 1;
    }
  };
  return {
    create: (order: BatchOrder, body: AsyncIterable<Uint8Array>): Promise<CreateOutcome> =>
      limited(() => createBatch(deps, order, body)),
    /** Stores nothing. */
    check: (order: BatchOrder, body: AsyncIterable<Uint8Array>) =>
      limited(async () => ({ kind: 'checked' as const, check: await checkBatch(deps, order, body) })),
  };
}

/** If Temporal cannot be reached, the sweep starts the workflow later. */
async function createBatch(
  deps: BatchUseCaseDependencies,
  order: BatchOrder,
  body: AsyncIterable<Uint8Array>,
): Promise<CreateOutcome> {
  const { workerHost, accounts = [], sealSource } = deps;
  const id = newBatchId(deps.clock.now(), randomBytes(10));
  const own = { id, workerHost, accounts, ...(sealSource === undefined ? {} : { sealSource }) };
  const taken = await takeInBatch(deps.openIntake(), { ...order, ...own }, body);
  if (taken.kind === 'same') {
    return { kind: 'created', batchId: taken.batch.id, isNew: false, skipped: [], skippedCount: 0 };
  }
  if (taken.kind !== 'made') return taken;
  const batch = await deps.batches.forStart(id);
  if (batch !== null) await startBatchWorkflow(deps, batch);
  return { kind: 'created', batchId: id, isNew: true, skipped: taken.skipped, skippedCount: taken.skippedCount };
}
