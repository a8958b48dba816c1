/** The names of a batch that cross a process: its id, its workflow, its signals and updates and their payloads. */

import { newId } from '../ids.js';
import type { ActivityTiming } from '../process-names.js';
import type { BatchFinalState, BatchState } from './batch.js';
import type { BatchPolicy } from './policy.js';

const SHAPE = /^bat-[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** `bat-` and 26 characters that sort by time. */
export function newBatchId(timeMs: number, random: Uint8Array): string {
  return newId('bat', timeMs, random);
}

export function isBatchId(text: string): boolean {
  return SHAPE.test(text);
}

export function batchWorkflowId(batchId: string): string {
  return `batch/${batchId}`;
}

export const BATCH_WORKFLOW = 'runBatch';

export const BATCH_PAUSE_SIGNAL = 'pause';
/** Lifts a pause and the batch's own attention; what has failed until now is forgiven. */
export const BATCH_RESUME_SIGNAL = 'resume';
export const BATCH_CANCEL_SIGNAL = 'cancel';
/** There are items to start again; keeps a batch from ending that is just about to. */
export const BATCH_RETRY_SIGNAL = 'retry';
/** Resumes the imports of the batch that stopped for one cause. */
export const BATCH_RESUME_IMPORTS_SIGNAL = 'resumeImports';
/** Answers with the policy that is in force from now on. */
export const BATCH_POLICY_UPDATE = 'setPolicy';

export interface BatchCancelSignal {
  /** Imports that are under way: cancelled cleanly, or left to finish. */
  readonly running: 'cancel' | 'finish';
}

export interface BatchResumeImportsSignal {
  /** Code of the attention; null: whatever they stopped for. */
  readonly cause: string | null;
  /** What to change in each request first. */
  readonly set: Readonly<Record<string, unknown>>;
}

export interface BatchWorkflowInput extends BatchMemory {
  readonly batchId: string;
  readonly pace: ActivityTiming;
}

/** What a run of the batch hands on to the next one. */
export interface BatchMemory {
  readonly policy: BatchPolicy;
  /** The page of items to start next; a page that was taken before is given out again, the same. */
  readonly page: number;
  /** Counts the writes to the record: it ignores those that come late. */
  readonly step: number;
  readonly paused: boolean;
  /** Failures that a `resume` has accepted: they count neither for the error budget nor for the waves. */
  readonly forgiven: number;
  /** What the record shows; null: not known. */
  readonly noted: BatchState | null;
}

export interface BatchOutcome {
  readonly state: BatchFinalState;
}
