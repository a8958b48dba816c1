/** All names that processes share: task queues, workflow types, signals and their payloads. */

import type { Attention, FinalState, ImportError, Phase, State } from './import.js';
import type { Orphan } from './orphans.js';
import type { Continued } from './plan.js';
import type { ImportRequest } from './request/request.js';

/** Workflows, and activities that any worker may run. */
export const MAIN_QUEUE = 'ecs-image-import';
/** Activities that poll the cloud until an operation is final; thousands run concurrently. A workflow does not wait for a cancelled one. */
export const POLL_QUEUE = 'ecs-image-import-polls';
/** Long-running activities that stop immediately when they are cancelled. */
export const WATCH_QUEUE = 'ecs-image-import-watch';

/** The task queue of one host, for activities that read files on its disk. */
export function fileQueue(host: string): string {
  return `ecs-image-import-files@${host}`;
}

/** Uploads take hours. They have their own queue so that they never delay short inspections of other images. */
export function uploadQueue(readers: string): string {
  const host = readers.split('@')[1];
  return host === undefined ? 'ecs-image-import-uploads' : `ecs-image-import-uploads@${host}`;
}

export const IMPORT_WORKFLOW = 'importImage';
export const INSPECTION_WORKFLOW = 'inspectImage';
export const ORPHANS_WORKFLOW = 'sweepOrphans';
export const LATE_CHECK_WORKFLOW = 'checkLate';
/** Of the workflows that the schedule of the daily search for orphans starts; Temporal appends the time. */
export const DAILY_SWEEP_WORKFLOW_ID = 'orphans-daily-workflow';
export const CANCEL_SIGNAL = 'cancel';
export const RESUME_SIGNAL = 'resume';
export const STATE_QUERY = 'state';

/** Retry and heartbeat timing of activities, in milliseconds. */
export interface ActivityTiming {
  /** Delay before the first retry of an activity; doubles up to `retryMaxMs`. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Without a heartbeat for this time, the worker is considered dead. */
  readonly heartbeatTimeoutMs: number;
  /** An import that is in attention for this time fails and is cleaned up; absent: it waits indefinitely. */
  readonly attentionLimitMs?: number;
}

export const DEFAULT_ACTIVITY_TIMING: ActivityTiming = {
  retryFirstMs: 1_000,
  retryMaxMs: 60_000,
  heartbeatTimeoutMs: 10_000,
};

export interface ImportWorkflowInput {
  readonly importId: string;
  /** Null: read it from the record. Batch items use null, because ten thousand requests would fill the history of the batch. */
  readonly request: ImportRequest | null;
  /** Task queue of the activities that read the sources. */
  readonly fileQueue: string;
  /** The field name is part of recorded histories and of running workflows. */
  readonly pace: ActivityTiming;
  /**
   * Steps count from here: above those of an earlier workflow of this import, whose late writes the record then ignores.
   * Absent: 0.
   */
  readonly firstStep?: number;
  /** The record was written before this workflow was started. Absent: the workflow makes sure that there is one. */
  readonly recorded?: boolean;
  /**
   * Search attributes that this workflow keeps up to date: `set` if it was started with those of its request, `unset` if not.
   * Absent: the namespace has none, or an earlier version has started it.
   */
  readonly search?: 'set' | 'unset';
  /** Set if this run continues an earlier one whose history had become long. */
  readonly continued?: Continued;
}

export interface CancelSignal {
  /** Keep an image that was available before the cancellation reached it. */
  readonly keepImage: boolean;
}

export interface ResumeSignal {
  /** Which attention to resume: the version in the record. A resume is never lost and never applies to a later attention. */
  readonly attentionVersion: number;
  /** The whole amended request; null: unchanged. */
  readonly request: ImportRequest | null;
}

/** Result of the state query. */
export interface ImportProgressState {
  readonly phase: Phase;
  readonly state: State;
  readonly attention: Attention | null;
}

export interface ImportOutcome {
  readonly state: FinalState;
  readonly imageId: string | null;
  readonly error: ImportError | null;
}

/** Type of an activity's failure whose detail is `RecordedState`: the record has overtaken the workflow. */
export const RECORD_DECIDES = 'record decides';

/** What the record shows of an import whose step did nothing. */
export type RecordedState =
  | { readonly kind: 'ended'; readonly outcome: ImportOutcome }
  /** A later step has written to the record, because the workflow was reset. `step` is the number of a later step. */
  | { readonly kind: 'ahead'; readonly step: number };

/** The image that an inspection reads, and its role. */
export interface InspectionInput {
  readonly path: string;
  readonly role: 'system' | 'data';
}

export interface InspectionWorkflowInput extends InspectionInput {
  readonly fileQueue: string;
}

export interface OrphanSweepInput {
  readonly delete: boolean;
  /** With `delete`: also delete finished images whose import is not in this database. */
  readonly foreign: boolean;
  /** Absent: all accounts that imports have used. */
  readonly account?: string;
}

export interface OrphanSweep {
  readonly orphans: readonly Orphan[];
  /** Keys of the deleted orphans. */
  readonly deleted: readonly string[];
  /** Orphans that could not be deleted. */
  readonly left: readonly SweepOmission[];
  /** Accounts, regions and folders that could not be read. */
  readonly unseen: readonly SweepOmission[];
}

/** An orphan that the sweep did not delete, or a place that it could not read. */
export interface SweepOmission {
  /** The orphan's key, an account, a region, or a folder as `oss://BUCKET/PREFIX`. */
  readonly key: string;
  /** Absent: the account of the worker's own credentials. */
  readonly account?: string;
  /** Code and message, from the cloud or from this service. */
  readonly why: string;
}
