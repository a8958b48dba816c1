/** The dependencies of the activities of a batch. */
import type { CloudAccounts } from '../../alibaba/account-clients.js';
import type { BatchStore } from '../../store/batches.js';
import type { CancelNotices } from '../../store/cancel-notices.js';
import type { ImportStore } from '../../store/imports.js';

export interface BatchDependencies {
  readonly batches: BatchStore;
  readonly store: ImportStore;
  readonly accounts: CloudAccounts;
  readonly batchTiming: BatchTiming;
  /** Absent: cancels arrive with the regular heartbeats. */
  readonly cancels?: Pick<CancelNotices, 'subscribe'>;
}

export interface BatchTiming {
  /** Interval between two polls of the record while imports are running; ms. */
  readonly pollIntervalMs: number;
  /** The longest time that a page is delayed to become larger; ms. */
  readonly gatherMs: number;
}
