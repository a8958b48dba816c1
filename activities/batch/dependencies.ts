/** What the activities of a batch work with. */
import type { Cloud } from '../../alibaba/cloud.js';
import type { BatchStore } from '../../store/batches.js';
import type { ImportStore } from '../../store/imports.js';

export interface BatchDependencies {
  readonly batches: BatchStore;
  readonly store: ImportStore;
  readonly cloud: Cloud;
  readonly batchPace: BatchPace;
}

export interface BatchPace {
  /** Between two looks at the record while imports are under way; ms. */
  readonly lookEveryMs: number;
  /** The longest that a page is kept back to become larger; ms. */
  readonly gatherMs: number;
}
