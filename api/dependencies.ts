/** What the routes work with. */
import type { Client } from '@temporalio/client';
import type { BatchIntake } from '../store/batch-intake.js';
import type { BatchViews } from '../store/batch-views.js';
import type { BatchStore } from '../store/batches.js';
import type { ChangeFeed } from '../store/changes.js';
import type { ImportFiles } from '../store/import-files.js';
import type { ImportStore } from '../store/imports.js';
import type { BatchStarter } from './start-batches.js';
import type { ImportStarter } from './start-imports.js';

export interface ApiDependencies {
  readonly store: ImportStore;
  readonly files: ImportFiles;
  readonly changes: ChangeFeed;
  readonly client: Client;
  readonly starter: ImportStarter;
  readonly batches: BatchStore;
  readonly batchViews: BatchViews;
  readonly openIntake: () => Promise<BatchIntake>;
  readonly batchStarter: BatchStarter;
  /** The host whose worker reads sources that name none. */
  readonly workerHost: string;
  readonly token: string | null;
  readonly stackFile: string | null;
  readonly log: { error(attributes: object, message: string): void };
}
