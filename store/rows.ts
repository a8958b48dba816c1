/** A row of the imports table joined with its findings, ledger and timeline, and its conversion to the API's view. */
import type {
  Attention,
  Finding,
  ImageRef,
  ImportError,
  ImportField,
  ImportView,
  ImportWait,
  Phase,
  Progress,
  State,
} from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';
import { type Retry, retryMessage } from '../domain/retry-wait.js';
import { type WorkerWait, waitMessage } from '../domain/worker-wait.js';
import { type LedgerRow, ledgerEntry, type TimelineRow, timelineEntry } from './import-children.js';

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
  readonly ledger: readonly LedgerRow[];
  readonly timeline: readonly TimelineRow[];
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
    ledger: row.ledger.map(ledgerEntry),
    timeline: row.timeline.map(timelineEntry),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** Columns whose text is already what the API shows. */
export const TEXT_COLUMNS = ['progress', 'request', 'image', 'copies', 'findings', 'attention', 'error'] as const;
type TextColumn = (typeof TEXT_COLUMNS)[number];

/** A row of a list, whose large columns are not parsed. Columns that were not read are null. */
export type ImportTextRow = Omit<ImportRow, TextColumn | 'ledger' | 'timeline'> &
  Readonly<Record<TextColumn, string | null>> & {
    readonly ledger: readonly LedgerRow[] | null;
    readonly timeline: readonly TimelineRow[] | null;
  };

/** The JSON text of the fields of `toView`, in this order. */
export function toText(row: ImportTextRow, fields: readonly ImportField[]): string {
  return `{${fields.map((field) => `"${field}":${TEXTS[field](row)}`).join(',')}}`;
}

const TEXTS: Readonly<Record<ImportField, (row: ImportTextRow) => string>> = {
  id: ({ id }) => JSON.stringify(id),
  state: ({ state }) => JSON.stringify(state),
  phase: ({ phase }) => JSON.stringify(phase),
  progress: ({ progress }) => String(progress),
  request: ({ request }) => String(request),
  image: ({ image }) => String(image),
  copies: ({ copies }) => String(copies),
  findings: ({ findings }) => String(findings),
  attention: ({ attention }) => String(attention),
  waitingFor: (row) => JSON.stringify(waitOf(row)),
  error: ({ error }) => String(error),
  ledger: ({ ledger }) => JSON.stringify(ledger?.map(ledgerEntry) ?? null),
  timeline: ({ timeline }) => JSON.stringify(timeline?.map(timelineEntry) ?? null),
  createdAt: ({ created_at }) => JSON.stringify(created_at),
  updatedAt: ({ updated_at }) => JSON.stringify(updated_at),
};

/** A worker comes first: without one, there is no next attempt. */
export function waitOf({ waiting_for, retrying }: Pick<ImportRow, 'waiting_for' | 'retrying'>): ImportWait | null {
  if (waiting_for !== null) return { ...waiting_for, message: waitMessage(waiting_for) };
  if (retrying === null) return null;
  return { queue: null, host: null, since: retrying.since, message: retryMessage(retrying), retry: retrying };
}
