/** The dependencies of the activities of a batch. */
import type { CloudAccounts } from '../../alibaba/account-clients.js';
import type { BatchStore } from '../../store/batches.js';
import type { ImportStore } from '../../store/imports.js';

export interface BatchDependencies {
  readonly batches: BatchStore;
  readonly store: ImportStore;
  readonly accounts: CloudAccounts;
  readonly batchTiming: BatchTiming;
}

export interface BatchTiming {
  /** Interval between two polls of the record while imports are running; ms. */
  readonly pollIntervalMs: number;
  /** The longest time that a page is delayed to become larger; ms. */
  readonly gatherMs: number;
}
