/**
 * The types of an import that all modules share (docs/architecture.md, section "Words").
 * Plain readonly data. Times are ISO 8601 strings in UTC. Sizes are in bytes unless the name says GiB.
 */
import type { LedgerStatus, ResourceKind } from './ledger.js';
import type { ImportRequest } from './request/request.js';
import type { Retry } from './retry-wait.js';

/** The phases in order. */
export const PHASES = [
  'accepted',
  'preflight',
  'role',
  'upload',
  'import',
  'detection',
  'distribution',
  'cleanup',
  'done',
] as const;
export type Phase = (typeof PHASES)[number];

export const FINAL_STATES = ['succeeded', 'failed', 'cancelled'] as const;
export type FinalState = (typeof FINAL_STATES)[number];
export const STATES = ['running', 'attention', 'cancelling', ...FINAL_STATES] as const;
export type State = (typeof STATES)[number];

export function isFinal(state: State): state is FinalState {
  return (FINAL_STATES as readonly State[]).includes(state);
}

export type Severity = 'info' | 'warning' | 'blocking';

/** One result of inspection or of the cloud's detection. */
export interface Finding {
  /** The vendor's item name if one exists (`GUESTOS.Virtio`), otherwise a name of ours with the prefix `ECSIMPORT.`. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  /** The observed value and its place: a file and line, a header field, the cloud's value. */
  readonly evidence: string;
  /** What to do, as commands where possible; empty if no action is required. */
  readonly remedy: string;
  readonly source: 'inspection' | 'cloud';
  /** 1 is the system disk, 2 to 17 are data disks. Absent if the finding concerns the whole image. */
  readonly disk?: number;
}

export interface Progress {
  readonly phase: Phase;
  /** 0 to 100, of this phase. */
  readonly percent: number;
  readonly bytesDone: number | null;
  readonly bytesTotal: number | null;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

/** Why an import stopped. Action required: the import continues after `resume`. */
export interface Attention {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly since: string;
  /** Of the failed call to the cloud; absent if there was none. */
  readonly requestId?: string;
}

export interface ImportError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly requestId: string | null;
  readonly phase: Phase;
}

/** A ledger entry as the API shows it: what is known of the resource, as texts. */
export interface LedgerEntryView {
  readonly kind: ResourceKind;
  /** Unique within the import and kind: the resource's id, or the name that it has or will have. */
  readonly key: string;
  readonly regionId: string;
  readonly detail: LedgerDetailView;
  readonly status: LedgerStatus;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The cloud's ID of the resource, or the name that identifies it. The detail of a task or a snapshot has the ID of its image. */
export function resourceIdOf({ kind, key, detail }: Pick<LedgerEntryView, 'kind' | 'key' | 'detail'>): string {
  return kind === 'task' || kind === 'snapshot' ? key : (detail.imageId ?? key);
}

type LedgerDetailView = {
  readonly [Name in
    | 'bucket'
    | 'key'
    | 'uploadId'
    | 'usedBy'
    | 'size'
    | 'crc64'
    | 'imageId'
    | 'sourceImageId'
    | 'clientToken'
    | 'requestId'
    | 'round'
    | 'policy'
    | 'madeHere']?: string;
};

export interface TimelineEntry {
  readonly phase: Phase;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface ImageRef {
  readonly imageId: string;
  readonly regionId: string;
  readonly taskId: string | null;
}

/** What an import waits for, other than the cloud: a worker, or the next attempt after a failure. */
export interface ImportWait {
  /** The task queue that no worker polls; null: the import waits for no worker. */
  readonly queue: string | null;
  /** Null: a worker of any host can continue, or none is missing. */
  readonly host: string | null;
  readonly since: string;
  readonly message: string;
  /** Absent while the import waits for a worker. */
  readonly retry?: Retry;
}

/** An import as the API returns it and as `status --json` prints it. */
export interface ImportView {
  readonly id: string;
  readonly state: State;
  readonly phase: Phase;
  readonly progress: Progress;
  readonly request: ImportRequest;
  readonly image: ImageRef | null;
  readonly copies: readonly ImageRef[];
  readonly findings: readonly Finding[];
  readonly attention: Attention | null;
  /** Set while no worker can continue the import, and while the service retries what fails. */
  readonly waitingFor: ImportWait | null;
  readonly error: ImportError | null;
  readonly ledger: readonly LedgerEntryView[];
  readonly timeline: readonly TimelineEntry[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The fields that a list can be reduced to. */
export const IMPORT_FIELDS = [
  'id',
  'state',
  'phase',
  'progress',
  'request',
  'image',
  'copies',
  'findings',
  'attention',
  'waitingFor',
  'error',
  'ledger',
  'timeline',
  'createdAt',
  'updatedAt',
] as const satisfies readonly (keyof ImportView)[];
export type ImportField = (typeof IMPORT_FIELDS)[number];

/** One thing that happened to an import, as its events stream and its report tell it. */
export interface ImportEvent {
  readonly at: string;
  readonly type: string;
  readonly phase: Phase;
  readonly state: State;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}
