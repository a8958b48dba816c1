/** What the activities need, as in a worker: a real database, and the cloud at an address. */
import type pg from 'pg';
import type { ActivityDependencies } from '../../../activities/dependencies.js';
import { createSemaphore } from '../../../activities/upload/semaphore.js';
import { createSingleFlight } from '../../../activities/upload/single-flight.js';
import { SLOW_LIMITS } from '../../../activities/upload/slow-source.js';
import { createCloud } from '../../../alibaba/create-cloud.js';
import { staticCredentials } from '../../../alibaba/credentials.js';
import { createRegionWatchers } from '../../../alibaba/region-watcher.js';
import { createCredentials } from '../../../config/credentials.js';
import { inspectImage } from '../../../images/inspect.js';
import { createCompressionPool } from '../../../images/stream/compression-pool.js';
import { PART_LIMITS, type PartLimits } from '../../../images/stream/layout.js';
import { createHttpClient } from '../../../sources/http-request.js';
import { openLocalFile } from '../../../sources/local-file.js';
import { createImportFiles } from '../../../store/import-files.js';
import { createImportStore } from '../../../store/imports.js';
import { createUploadContents } from '../../../store/upload-contents.js';
import { createUploadRanges } from '../../../store/upload-ranges.js';
import { createUploadStore } from '../../../store/uploads.js';
import { ownAccount } from '../alibaba/own-account.js';
import { ACCOUNT_KEYS } from '../emulator/local-cloud.js';

/** The environment that outlives every process. */
export interface Surroundings {
  readonly pool: pg.Pool;
  /** `127.0.0.1:PORT` of the emulator. */
  readonly address: string;
  /** The host of the worker: digests of files are stored per host. */
  readonly host: string;
}

export interface RealSettings {
  /** Long enough that no lease is renewed or expires during a test: a renewal would count as a call. */
  readonly leaseMs?: number;
  /** Three parts of the image. */
  readonly partSize?: number;
  readonly threads?: number;
  /** Of the threads. */
  readonly program?: URL;
  readonly limits?: PartLimits;
  /** Bytes per second. */
  readonly limitRate?: number;
}

/** @param wrap the parts that write to the database go through it */
export function realDependencies(
  { pool, host }: Pick<Surroundings, 'pool' | 'host'>,
  address: string,
  wrap: <Part extends object>(name: string, part: Part) => Part,
  settings: RealSettings = {},
): ActivityDependencies {
  const { leaseMs = 600_000, partSize = 100 * 1024, threads = 1, program, limits = PART_LIMITS, limitRate } = settings;
  const endpoint = `http://${address}`;
  const cloud = createCloud({
    endpoints: { ecs: endpoint, ram: endpoint, sts: endpoint, oss: endpoint },
    credentials: staticCredentials(ACCOUNT_KEYS),
    partSize,
    ...(limitRate === undefined ? {} : { limitRate }),
  });
  const watchers = createRegionWatchers(cloud, { pollFirstMs: 2, pollMaxMs: 10, patienceMs: 60_000 });
  const unused = () => Promise.reject(new Error('not used by this test'));
  return {
    store: wrap('imports', createImportStore(pool)),
    files: createImportFiles(pool),
    ...{ cloud, watchers, accounts: ownAccount(cloud, watchers) },
    inspect: inspectImage,
    checkBoot: unused,
    settings: { patienceMs: 60_000, pollIntervalMs: 2, pollsForLostImage: 2 },
    openFile: openLocalFile,
    uploading: {
      uploads: wrap('uploads', createUploadStore(pool)),
      credential: createCredentials(null),
      http: createHttpClient({ hosts: [], addresses: [], stallMs: 1_000 }),
      inspectRemote: unused,
      cache: { obtain: unused },
      convert: unused,
      readFreeSpace: unused,
      programs: { qemuImg: async () => null, decompressor: async () => false },
      streaming: {
        pool: createCompressionPool(threads, program),
        ranges: wrap('ranges', createUploadRanges(pool)),
        contents: wrap('contents', createUploadContents(pool)),
        limits,
      },
      sends: createSemaphore(4),
      slowSource: SLOW_LIMITS,
      digests: createSingleFlight<string>(),
      host,
      leaseMs,
    },
  };
}
