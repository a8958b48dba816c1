/** What activities work with; a worker passes the real ones, a test its own. */
import type { Cloud } from '../alibaba/cloud.js';
import type { RegionWatchers } from '../alibaba/region-watcher.js';
import type { CheckBoot } from '../images/boot-check/boot-checker.js';
import type { Convert } from '../images/convert/converter.js';
import type { Programs } from '../images/convert/programs.js';
import type { InspectImage, InspectRemote } from '../images/inspection.js';
import type { HttpClient } from '../sources/http-request.js';
import type { Cache } from '../sources/scratch-cache.js';
import type { ImportFiles } from '../store/import-files.js';
import type { ImportStore } from '../store/imports.js';
import type { UploadStore } from '../store/uploads.js';
import type { Semaphore } from './upload/semaphore.js';
import type { SingleFlight } from './upload/single-flight.js';

export interface ActivitySettings {
  /** For so long a transient failure is retried before a person is asked; ms. */
  readonly patienceMs: number;
  /** Between two looks at a task that is being cancelled, or at an image that may have been made; ms. */
  readonly lookEveryMs: number;
  /** How often to look for an image whose request was sent but never answered, before it is taken for not made. */
  readonly looksForLostImage: number;
}

export interface ActivityDependencies {
  readonly store: ImportStore;
  readonly files: ImportFiles;
  readonly cloud: Cloud;
  readonly inspect: InspectImage;
  readonly checkBoot: CheckBoot;
  readonly watchers: RegionWatchers;
  readonly settings: ActivitySettings;
  /** Checks that a path may be read here: a regular file under the roots that the operator allows. */
  readonly resolveFile: (path: string) => Promise<string>;
  readonly uploading: UploadDependencies;
}

/** What the upload needs beside the cloud. */
export interface UploadDependencies {
  readonly uploads: UploadStore;
  /** Fetches from the hosts that the operator allows. */
  readonly http: HttpClient;
  readonly inspectRemote: InspectRemote;
  readonly cache: Cache;
  readonly convert: Convert;
  readonly programs: Programs;
  /** Limits how many disks are sent concurrently. */
  readonly sends: Semaphore;
  readonly digests: SingleFlight<string>;
  /** The name of this worker's host: a file of the same name on another host is another file. */
  readonly host: string;
  /** How long an upload stays reserved for this worker without a renewal; ms. */
  readonly leaseMs: number;
}
