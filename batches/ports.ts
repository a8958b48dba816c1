/** What the use cases of a batch need from outside: the record, the workflows, the clock. */
import type { BatchCancelSignal, BatchResumeImportsSignal } from '../domain/batch/names.js';
import type { Clock, Delivery } from '../imports/ports.js';
import type { BatchIntake } from '../store/batch-intake.js';
import type { BatchViews } from '../store/batch-views.js';
import type { BatchStore, BatchToStart } from '../store/batches.js';

export interface BatchUseCaseDependencies {
  readonly batches: BatchStore;
  readonly views: BatchViews;
  readonly openIntake: () => Promise<BatchIntake>;
  readonly workflows: BatchWorkflows;
  readonly clock: Clock;
  /** The host whose worker reads sources that name none. */
  readonly workerHost: string;
}

/** One message to a batch. */
export type BatchMessage =
  | { readonly kind: 'pause' | 'resume' | 'retry' }
  | ({ readonly kind: 'cancel' } & BatchCancelSignal)
  | ({ readonly kind: 'resumeImports' } & BatchResumeImportsSignal);

export type BatchDelivery = Exclude<Delivery, { readonly kind: 'notRunning' }>;

/** The workflows of batches. `temporal-workflows.ts` is the one for a real server. */
export interface BatchWorkflows {
  /** `delivered` also where it runs already. */
  start(batch: BatchToStart): Promise<BatchDelivery>;
  /** Starts the workflow first where none runs: everything that it has to know is in the record. */
  send(batch: BatchToStart, message: BatchMessage): Promise<BatchDelivery>;
  /** Resolves once the policy is in force. */
  setPolicy(batch: BatchToStart, change: unknown): Promise<BatchDelivery>;
}
