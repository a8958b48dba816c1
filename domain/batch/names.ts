/** The names of a batch that processes share: its ID, its workflow, its signals and updates, and their payloads. */

import { newId } from '../ids.js';
import type { Requester } from '../import-facts.js';
import type { ActivityTiming } from '../process-names.js';
import type { BatchFinalState, BatchState } from './batch.js';
import type { BatchPolicy } from './policy.js';

/** `bat-` and 26 characters that sort by time. */
export function newBatchId(timeMs: number, random: Uint8Array): string {
  return newId('bat', timeMs, random);
}

export const BATCH_WORKFLOW_PREFIX = 'batch/';

export function batchWorkflowId(batchId: string): string {
  return `${BATCH_WORKFLOW_PREFIX}${batchId}`;
}

export const BATCH_WORKFLOW = 'runBatch';

export const BATCH_PAUSE_SIGNAL = 'pause';
/** Ends a pause and the attention of the batch. Failures up to now no longer count. */
export const BATCH_RESUME_SIGNAL = 'resume';
export const BATCH_CANCEL_SIGNAL = 'cancel';
/** Items are to be started again. Prevents a batch that is about to end from ending. */
export const BATCH_RETRY_SIGNAL = 'retry';
/** Resumes the imports of the batch that are in attention for one cause. */
export const BATCH_RESUME_IMPORTS_SIGNAL = 'resumeImports';
/** Returns the policy that applies from now on. */
export const BATCH_POLICY_UPDATE = 'setPolicy';

export interface BatchCancelSignal {
  /** Running imports: cancel them and clean up, or let them finish. */
  readonly running: 'cancel' | 'finish';
  /** Absent: not known. */
  readonly by?: Requester;
}

export interface BatchResumeImportsSignal {
  /** Code of the attention; null: any. */
  readonly cause: string | null;
  /** Changes to each request before it is resumed. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Absent: not known. */
  readonly by?: Requester;
}

export interface BatchWorkflowInput extends BatchMemory {
  readonly batchId: string;
  /** The field name is part of recorded histories and of running workflows. */
  readonly pace: ActivityTiming;
  /** It was started with search attributes, which it keeps up to date. Absent: without. */
  readonly search?: true;
}

/** State that a workflow run passes to the next run when it continues as new. */
export interface BatchMemory {
  readonly policy: BatchPolicy;
  /** The next page of items to start. Taking the same page again returns the same items. */
  readonly page: number;
  /** Version of the writes to the record, which ignores writes with an older version. */
  readonly step: number;
  readonly paused: boolean;
  /** Failures that a `resume` has accepted. They count neither for the error budget nor for the waves. */
  readonly forgiven: number;
  /** State in the record; null: unknown. */
  readonly noted: BatchState | null;
}

export interface BatchOutcome {
  readonly state: BatchFinalState;
}
