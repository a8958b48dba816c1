/** A row of the imports table joined with its findings, ledger and timeline, and its conversion to the API's view. */
import type {
  Attention,
  Finding,
  ImageRef,
  ImportError,
  ImportView,
  ImportWait,
  LedgerEntryView,
  Phase,
  Progress,
  State,
  TimelineEntry,
} from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';
import { type Retry, retryMessage } from '../domain/retry-wait.js';
import { type WorkerWait, waitMessage } from '../domain/worker-wait.js';

export interface ImportRow {
  readonly id: string;
  readonly state: State;
  readonly phase: Phase;
  readonly request: ImportRequest;
  readonly progress: Progress;
  readonly image: ImageRef | null;
  readonly copies: readonly ImageRef[];
  readonly attention: Attention | null;
  readonly attention_version: string | null;
  readonly waiting_for: WorkerWait | null;
  readonly retrying: Retry | null;
  readonly error: ImportError | null;
  readonly findings: readonly Finding[];
  readonly ledger: readonly LedgerEntryView[];
  readonly timeline: readonly TimelineEntry[];
  readonly created_at: Date;
  readonly updated_at: Date;
}

export function toView(row: ImportRow): ImportView {
  return {
    id: row.id,
    state: row.state,
    phase: row.phase,
    progress: row.progress,
    request: row.request,
    image: row.image,
    copies: row.copies,
    findings: row.findings,
    attention: row.attention,
    waitingFor: waitOf(row),
    error: row.error,
    ledger: row.ledger,
    timeline: row.timeline,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** A worker comes first: without one, there is no next attempt. */
export function waitOf({ waiting_for, retrying }: Pick<ImportRow, 'waiting_for' | 'retrying'>): ImportWait | null {
  if (waiting_for !== null) return { ...waiting_for, message: waitMessage(waiting_for) };
  if (retrying === null) return null;
  return { queue: null, host: null, since: retrying.since, message: retryMessage(retrying), retry: retrying };
}
