/** A row of the imports table joined with its findings, ledger and timeline, and its conversion to the API's view. */
import type {
  Attention,
  Finding,
  ImageRef,
  ImportError,
  ImportView,
  LedgerEntryView,
  Phase,
  Progress,
  State,
  TimelineEntry,
} from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';
import { type WorkerWait, waitMessage } from '../domain/worker-wait.js';

export type StoredWait = Omit<WorkerWait, 'message'>;

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
  readonly waiting_for: StoredWait | null;
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
    waitingFor: workerWaitOf(row.waiting_for),
    error: row.error,
    ledger: row.ledger,
    timeline: row.timeline,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function workerWaitOf(stored: StoredWait | null): WorkerWait | null {
  return stored === null ? null : { ...stored, message: waitMessage(stored) };
}
