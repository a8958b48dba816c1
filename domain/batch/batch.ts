/** The types of a batch: many imports with one policy. Plain readonly data. Times are ISO 8601 strings in UTC. */

import { FINAL_STATES, type FinalState, type Phase } from '../import.js';
import type { Requester } from '../import-facts.js';
import type { RequestProblem } from '../request/request.js';
import type { BatchPolicy } from './policy.js';

/** A batch has the same final states as an import. */
export const BATCH_FINAL_STATES = FINAL_STATES;
export type BatchFinalState = FinalState;
/** `paused`: by `pause`. `attention`: action required; no new imports start. */
export const BATCH_STATES = ['running', 'paused', 'attention', 'cancelling', ...BATCH_FINAL_STATES] as const;
export type BatchState = (typeof BATCH_STATES)[number];

export function isFinalBatch(state: BatchState): state is BatchFinalState {
  return (BATCH_FINAL_STATES as readonly BatchState[]).includes(state);
}

/** `invalid`: rejected when the batch was created with `skipInvalid`; it never starts. */
export const ITEM_STATES = ['invalid', 'waiting', 'started', 'succeeded', 'failed', 'cancelled'] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** Why no new imports start: the attention of the batch, or a condition that ends without an action. */
export interface BatchHold {
  /** `Batch.…`, or the code of what the check before the first import found. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The number of items in each state. */
export interface BatchCounts {
  readonly total: number;
  readonly invalid: number;
  readonly waiting: number;
  /** Waiting items that have never started. Only these are limited by waves, not retried items. */
  readonly fresh: number;
  /** Started and not final, except those in attention. */
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
  /** The message of one of them. */
  readonly message: string;
  readonly remedy: string;
  /** Up to five ids. */
  readonly examples: readonly string[];
}

/** Storage and traffic of the batch, extrapolated from the finished imports. */
export interface BatchEstimate {
  /** Bytes sent to OSS so far, and the expected total. */
  readonly uploadedBytes: number;
  readonly expectedUploadBytes: number | null;
  /** Sizes of the images' disks so far, and the expected total, in GiB. Image storage is billed by this size. */
  readonly imageGiB: number;
  readonly expectedImageGiB: number | null;
  /** Expected traffic between regions for copies, in GiB. */
  readonly expectedCopyGiB: number | null;
  /** Null unless prices are configured (`ECS_IMPORT_PRICES`). */
  readonly cost: { readonly currency: string; readonly storagePerMonth: number; readonly traffic: number } | null;
}

/** A batch as the API returns it. */
export interface BatchView {
  readonly id: string;
  readonly name: string;
  readonly state: BatchState;
  readonly policy: BatchPolicy;
  /** Set in the state `attention`. The batch continues after `resume`. */
  readonly attention: BatchHold | null;
  /** What a running batch waits for: its schedule, imports in attention, or a quota. */
  readonly waitsFor: BatchHold | null;
  readonly counts: Omit<BatchCounts, 'fresh'>;
  /** Running imports by phase. */
  readonly phases: Readonly<Partial<Record<Phase, number>>>;
  /** Over the last five minutes; null until an import has ended. */
  readonly importsPerMinute: number | null;
  readonly etaSeconds: number | null;
  readonly estimate: BatchEstimate;
  /** Most frequent first. */
  readonly failures: readonly BatchCause[];
  readonly attentions: readonly BatchCause[];
  /** As the client stated it; null: not known. */
  readonly createdBy: Requester | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly endedAt: string | null;
}

/** One item in lists and reports. */
export interface BatchItemView {
  /** 1 is the first item of the file. */
  readonly item: number;
  readonly line: number;
  readonly state: ItemState;
  /** Null: the account of the worker's own credentials, or an invalid item. */
  readonly account: string | null;
  readonly region: string;
  readonly imageName: string;
  readonly attempt: number;
  /** The import of the latest attempt; null before the first attempt. */
  readonly importId: string | null;
  readonly phase: Phase | null;
  readonly imageId: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly remedy: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** An invalid item of the file with all of its problems. */
export interface BadItem {
  readonly item: number;
  readonly line: number;
  readonly imageName: string | null;
  readonly problems: readonly RequestProblem[];
}
