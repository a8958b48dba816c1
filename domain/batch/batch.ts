/** What a batch is: many imports with a shared policy. Plain readonly data; times are ISO 8601 strings in UTC. */

import type { CodesIn } from '../errors/index.js';
import { FINAL_STATES, type FinalState, type Phase } from '../import.js';
import type { RequestProblem } from '../request/request.js';
import type { BatchPolicy } from './policy.js';

/** A batch ends as an import does. */
export const BATCH_FINAL_STATES = FINAL_STATES;
export type BatchFinalState = FinalState;
/** `paused`: a person said so. `attention`: stopped starting new ones for a reason that a person must look at. */
export const BATCH_STATES = ['running', 'paused', 'attention', 'cancelling', ...BATCH_FINAL_STATES] as const;
export type BatchState = (typeof BATCH_STATES)[number];

export function isFinalBatch(state: BatchState): state is BatchFinalState {
  return (BATCH_FINAL_STATES as readonly BatchState[]).includes(state);
}

/** `invalid`: refused when the batch was made with `skipInvalid`; it never starts. */
export const ITEM_STATES = ['invalid', 'waiting', 'started', 'succeeded', 'failed', 'cancelled'] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** Why no new imports start: the batch's own attention, or what it waits for by itself. */
export interface BatchHold {
  readonly code: `Batch.${CodesIn<'Batch'>}`;
  readonly message: string;
  readonly remedy: string;
}

/** How many items stand where. */
export interface BatchCounts {
  readonly total: number;
  readonly invalid: number;
  readonly waiting: number;
  /** Waiting, and never started before: waves hold these back, not the ones that are tried again. */
  readonly fresh: number;
  /** Under way, without those in attention. */
  readonly running: number;
  readonly attention: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** Imports that stopped or failed for the same reason. */
export interface BatchCause {
  readonly code: string;
  readonly count: number;
  /** Of one of them. */
  readonly message: string;
  readonly remedy: string;
  /** Up to five ids. */
  readonly examples: readonly string[];
}

/** What the batch keeps where, from what is known of the finished imports. */
export interface BatchEstimate {
  /** Bytes sent to OSS so far, and expected for the whole batch. */
  readonly uploadedBytes: number;
  readonly expectedUploadBytes: number | null;
  /** Sizes of the disks of the images, so far and in the end; what image storage is billed by, in GiB. */
  readonly imageGiB: number;
  readonly expectedImageGiB: number | null;
  /** Copies to other regions: traffic between regions in GiB, in the end. */
  readonly expectedCopyGiB: number | null;
  /** Null until the operator says what things cost (`ECS_IMPORT_PRICES`). */
  readonly cost: { readonly currency: string; readonly storagePerMonth: number; readonly traffic: number } | null;
}

/** A batch as the API returns it. */
export interface BatchView {
  readonly id: string;
  readonly name: string;
  readonly state: BatchState;
  readonly policy: BatchPolicy;
  /** Set in state `attention`; goes on when told `resume`. */
  readonly attention: BatchHold | null;
  /** What a running batch waits for by itself: its schedule, imports that need a person, a quota. */
  readonly waitsFor: BatchHold | null;
  readonly counts: Omit<BatchCounts, 'fresh'>;
  /** Imports under way, by phase. */
  readonly phases: Readonly<Partial<Record<Phase, number>>>;
  /** Of the last five minutes; null while nothing has ended. */
  readonly importsPerMinute: number | null;
  readonly etaSeconds: number | null;
  readonly estimate: BatchEstimate;
  /** Most frequent first. */
  readonly failures: readonly BatchCause[];
  readonly attentions: readonly BatchCause[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly endedAt: string | null;
}

/** One item as lists and reports show it. */
export interface BatchItemView {
  /** 1 is the first of the file. */
  readonly item: number;
  readonly line: number;
  readonly state: ItemState;
  readonly region: string;
  readonly imageName: string;
  readonly attempt: number;
  /** Of the latest attempt; null before the first. */
  readonly importId: string | null;
  readonly phase: Phase | null;
  readonly imageId: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly remedy: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** An item of the file that cannot be imported, and everything that is wrong with it. */
export interface BadItem {
  readonly item: number;
  readonly line: number;
  readonly imageName: string | null;
  readonly problems: readonly RequestProblem[];
}
