/** All names that cross a process, declared once: task queues, workflow types, signals and their payloads. */

import type { Attention, FinalState, ImportError, Phase, State } from './import.js';
import type { Orphan } from './orphans.js';
import type { ImportRequest } from './request/request.js';

/** Workflows, and the activities that any worker may run. */
export const MAIN_QUEUE = 'ecs-image-import';
/** Activities that only look at the cloud until it is done: thousands at once. Nobody waits for one that is cancelled. */
export const POLL_QUEUE = 'ecs-image-import-polls';
/** Activities that wait long, too, but hear at once when they are told to stop. */
export const WATCH_QUEUE = 'ecs-image-import-watch';

/** Activities that read files of one host's disk run on that host's own queue. */
export function fileQueue(host: string): string {
  return `ecs-image-import-files@${host}`;
}

/** Uploads take hours: on a queue of their own they never keep the short looks at other images waiting. */
export function uploadQueue(readers: string): string {
  const host = readers.split('@')[1];
  return host === undefined ? 'ecs-image-import-uploads' : `ecs-image-import-uploads@${host}`;
}

export const IMPORT_WORKFLOW = 'importImage';
export const INSPECTION_WORKFLOW = 'inspectImage';
export const ORPHANS_WORKFLOW = 'sweepOrphans';
export const CANCEL_SIGNAL = 'cancel';
export const RESUME_SIGNAL = 'resume';
export const STATE_QUERY = 'state';

/** Times that a test or an operator may change; all in milliseconds. */
export interface ActivityTiming {
  /** First wait before an activity is tried again; doubles up to `retryMaxMs`. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** A worker that has not been heard of for so long is taken for dead. */
  readonly heartbeatTimeoutMs: number;
  /** An import that nobody resumes for so long fails and is cleaned up; absent: it waits for ever. */
  readonly attentionLimitMs?: number;
}

export const DEFAULT_ACTIVITY_TIMING: ActivityTiming = {
  retryFirstMs: 1_000,
  retryMaxMs: 60_000,
  heartbeatTimeoutMs: 10_000,
};

export interface ImportWorkflowInput {
  readonly importId: string;
  /** Null: the record has it. Items of a batch come so, since ten thousand requests would fill the history of their parent. */
  readonly request: ImportRequest | null;
  /** Where the activities run that read the sources. */
  readonly fileQueue: string;
  readonly pace: ActivityTiming;
  /**
   * Steps count from here: above those of an earlier workflow of this import, whose late writes the record then ignores.
   * Absent: 0.
   */
  readonly firstStep?: number;
}

export interface CancelSignal {
  /** Keep an image that was finished before the cancel reached it. */
  readonly keepImage: boolean;
}

export interface ResumeSignal {
  /** Which stop is resumed: the version that the record showed. A resume is never lost, and never resumes a later stop. */
  readonly attentionVersion: number;
  /** The whole request as amended, where something of it changed. */
  readonly request: ImportRequest | null;
}

/** Answer of the state query. */
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

/** What one inspection reads, and what for. */
export interface InspectionInput {
  readonly path: string;
  readonly role: 'system' | 'data';
}

export interface InspectionWorkflowInput extends InspectionInput {
  readonly fileQueue: string;
}

export interface OrphanSweepInput {
  readonly delete: boolean;
  /** With `delete`: also finished images whose import is not known here. */
  readonly foreign: boolean;
}

export interface OrphanSweep {
  readonly orphans: readonly Orphan[];
  /** Keys of those that were removed. */
  readonly deleted: readonly string[];
  /** Those that were to be removed and could not be. */
  readonly left: readonly SweepOmission[];
  /** Regions and folders that could not be looked at. */
  readonly unseen: readonly SweepOmission[];
}

/** What a look for orphans did not remove, or a place where it did not look. */
export interface SweepOmission {
  /** An orphan's, a region, or a folder as `oss://BUCKET/PREFIX`. */
  readonly key: string;
  /** The cloud's code and message, or ours. */
  readonly why: string;
}
