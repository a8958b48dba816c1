/** What one late check of an import works with. */
import type { CloudAccounts } from '../../alibaba/account-clients.js';
import type { Cloud } from '../../alibaba/cloud.js';
import type { Work } from '../../resources/work.js';
import type { ImportStore } from '../../store/imports.js';
import type { LateCheck } from '../../store/late-checks.js';
import type { UploadStore } from '../../store/uploads.js';
import type { ActivitySettings } from '../dependencies.js';

/** A part of the dependencies of all activities. */
export interface LateCheckDependencies {
  readonly accounts: CloudAccounts;
  readonly store: ImportStore;
  readonly settings: ActivitySettings;
  readonly uploading: { readonly uploads: Pick<UploadStore, 'release' | 'forget'> };
}

export interface LateCheckContext {
  /** With the cloud of the account of the import. */
  readonly deps: LateCheckDependencies & { readonly cloud: Cloud };
  readonly check: LateCheck;
  readonly work: Work;
}
