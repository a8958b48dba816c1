/** The package's main entry: the client of the HTTP API, and the types of requests, imports and batches. */
export type {
  BatchCause,
  BatchCounts,
  BatchEstimate,
  BatchHold,
  BatchItemView,
  BatchState,
  BatchView,
  ItemState,
} from '../domain/batch/batch.js';
export type { BatchPolicy } from '../domain/batch/policy.js';
export type {
  Attention,
  FinalState,
  Finding,
  ImageRef,
  ImportError,
  ImportEvent,
  ImportView,
  LedgerEntryView as LedgerEntry,
  Phase,
  Progress,
  Severity,
  State,
  TimelineEntry,
} from '../domain/import.js';
export { isFinal, PHASES, STATES } from '../domain/import.js';
export type { LedgerStatus, ResourceKind } from '../domain/ledger.js';
export type { ImportRequest, RequestProblem } from '../domain/request/request.js';
export type { Inspection } from '../images/inspection.js';
export type { BatchSummary } from './answers.js';
export type { components, operations, paths } from './api-types.js';
export type { BatchClient, BatchCreateOptions, BatchInput } from './batches.js';
export type { ImportClient, ImportClientOptions, ListFilter, StartedImport, StartOptions } from './client.js';
export { createImportClient } from './client.js';
export type { ProblemDocument } from './errors.js';
export { ApiProblem, ApiUnreachableError, UnexpectedAnswerError } from './errors.js';
export type { ImportRequestInput } from './request.js';
export type { TypedApi } from './transport.js';
export { createApi } from './typed.js';
export type { WatchOptions } from './watch.js';
