/** The dependencies of the use cases of batches: records, workflows, clock. */
import type { BatchCancelSignal, BatchResumeImportsSignal } from '../domain/batch/names.js';
import type { SealSource } from '../domain/request/source-secrets.js';
import type { Clock, Delivery, WorkflowStatus } from '../imports/ports.js';
import type { TemporalServerReader } from '../imports/temporal-server.js';
import type { BatchIntake } from '../store/batch-intake.js';
import type { BatchRetries } from '../store/batch-retries.js';
import type { BatchSeriesStore } from '../store/batch-series.js';
import type { BatchViews } from '../store/batch-views.js';
import type { BatchStore, BatchToStart } from '../store/batches.js';

export interface BatchUseCaseDependencies {
  readonly batches: BatchStore;
  readonly views: BatchViews;
  readonly series: BatchSeriesStore;
  readonly retries: BatchRetries;
  readonly openIntake: () => BatchIntake;
  readonly workflows: BatchWorkflows;
  readonly clock: Clock;
  /** The host whose worker reads sources without a host. */
  readonly workerHost: string;
  /** The accounts that requests may name. Default: none. */
  readonly accounts?: readonly string[];
  /** Encrypts the query of a web source before anything is stored. Absent: requests are stored as they are. */
  readonly sealSource?: SealSource;
}

/** A message to the workflow of a batch. */
export type BatchMessage =
  | { readonly kind: 'pause' | 'resume' | 'retry' }
  | ({ readonly kind: 'cancel' } & BatchCancelSignal)
  | ({ readonly kind: 'resumeImports' } & BatchResumeImportsSignal);

export type BatchDelivery = Exclude<Delivery, { readonly kind: 'notRunning' }>;

/** The workflows of batches. `temporal-workflows.ts` implements them on a Temporal server. */
export interface BatchWorkflows {
  readonly server: TemporalServerReader;
  status(batchId: string): Promise<WorkflowStatus>;
  /** The time after which no activity of a closed workflow runs; ms. */
  readonly activitiesEndWithinMs: number;
  /** Also `delivered` if the workflow already runs. */
  start(batch: BatchToStart): Promise<BatchDelivery>;
  /** Starts the workflow first if it does not run: its input is in the record. */
  send(batch: BatchToStart, message: BatchMessage): Promise<BatchDelivery>;
  /** Resolves when the policy is in effect. */
  setPolicy(batch: BatchToStart, change: unknown): Promise<BatchDelivery>;
}
