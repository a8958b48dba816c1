/** What activities work with; a worker passes the real ones, a test its own. */
import type { Cloud } from '../alibaba/cloud.js';
import type { CheckBoot } from '../images/boot-check/boot-checker.js';
import type { InspectImage } from '../images/inspection.js';
import type { ImportFiles } from '../store/import-files.js';
import type { ImportStore } from '../store/imports.js';
import type { RegionWatchers } from './region-watcher.js';

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
}
