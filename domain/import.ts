/**
 * What an import is: the words every room shares (docs/architecture.md, section "Words").
 * Plain readonly data; times are ISO 8601 strings in UTC, sizes are bytes unless the name says GiB.
 */
import type { LedgerStatus, ResourceKind } from './ledger.js';
import type { ImportRequest } from './request/request.js';

/** The phases in the order in which an import passes them. */
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

/** One thing that inspection or the cloud's detection says of an image. */
export interface Finding {
  /** The vendor's item name where one exists (`GUESTOS.Virtio`), else one of ours under `ECSIMPORT.`. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  /** What was seen and where: a file and line, a header field, the cloud's own value. */
  readonly evidence: string;
  /** What to do, as commands where possible; empty for plain information. */
  readonly remedy: string;
  readonly source: 'inspection' | 'cloud';
  /** 1 is the system disk, 2 to 17 are data disks; absent where the finding is about the whole image. */
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

/** Stopped on something that a person can mend; goes on when told `resume`. */
export interface Attention {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly since: string;
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
  readonly error: ImportError | null;
  readonly ledger: readonly LedgerEntryView[];
  readonly timeline: readonly TimelineEntry[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** One thing that happened to an import, as its events stream and its report tell it. */
export interface ImportEvent {
  readonly at: string;
  readonly type: string;
  readonly phase: Phase;
  readonly state: State;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}
