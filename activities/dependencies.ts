/** The dependencies of the activities. A worker passes the production implementations; tests pass their own. */
import type { CloudAccounts } from '../alibaba/account-clients.js';
import type { Cloud } from '../alibaba/cloud.js';
import type { RegionWatchers } from '../alibaba/region-watcher.js';
import type { CheckBoot } from '../images/boot-check/boot-checker.js';
import type { Convert } from '../images/convert/converter.js';
import type { Programs } from '../images/convert/programs.js';
import type { InspectImage, InspectRemote } from '../images/inspection.js';
import type { ReadFreeSpace } from '../images/trim/free-space-in-child.js';
import type { FindCredential } from '../sources/credential.js';
import type { HttpClient } from '../sources/http-request.js';
import type { LocalFile } from '../sources/local-file.js';
import type { Cache } from '../sources/scratch-cache.js';
import type { ImportFiles } from '../store/import-files.js';
import type { ImportStore } from '../store/imports.js';
import type { UploadStore } from '../store/uploads.js';
import type { StepDependencies, StepSettings } from './step.js';
import type { Semaphore } from './upload/semaphore.js';
import type { SingleFlight } from './upload/single-flight.js';
import type { SlowLimits } from './upload/slow-source.js';
import type { Streaming } from './upload/streaming.js';

export interface ActivitySettings extends StepSettings {
  /** Interval between two polls of a task that is being cancelled, or of an image that may have been created; ms. */
  readonly pollIntervalMs: number;
  /** Number of polls without a result after which an image whose creating call got no response counts as not created. */
  readonly pollsForLostImage: number;
  /** From this age on, an import checks whether its image exists before it uploads; ms. Default: ten minutes. */
  readonly oldImportMs?: number;
}

export interface ActivityDependencies extends StepDependencies {
  readonly store: ImportStore;
  readonly files: ImportFiles;
  readonly accounts: CloudAccounts;
  /** Of the account of the import; for activities that belong to no import, of the worker's own account. */
  readonly cloud: Cloud;
  readonly watchers: RegionWatchers;
  readonly inspect: InspectImage;
  readonly checkBoot: CheckBoot;
  readonly settings: ActivitySettings;
  /** Opens a regular file under the allowed roots; rejects any other path. */
  readonly openFile: (path: string) => Promise<LocalFile>;
  readonly uploading: UploadDependencies;
}

/** The dependencies of the upload besides the cloud. */
export interface UploadDependencies {
  readonly uploads: UploadStore;
  /** Fetches only from the allowed hosts. */
  readonly http: HttpClient;
  /** Of the worker's configuration, by name. */
  readonly credential: FindCredential;
  readonly inspectRemote: InspectRemote;
  readonly cache: Cache;
  readonly convert: Convert;
  readonly readFreeSpace: ReadFreeSpace;
  readonly programs: Programs;
  readonly streaming: Streaming;
  /** Limits how many disks are sent concurrently. */
  readonly sends: Semaphore;
  /** A source that is slower does not count against that limit. */
  readonly slowSource: SlowLimits;
  readonly digests: SingleFlight<string>;
  /** The name of this worker's host: a path on another host is a different file. */
  readonly host: string;
  /** How long an upload stays reserved for this worker without a renewal; ms. */
  readonly leaseMs: number;
}
