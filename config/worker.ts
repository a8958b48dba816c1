/** The worker's configuration: a typed object, with a reader for environment variables. */
import path from 'node:path';
import { z } from 'zod';
import type { AccountRole } from '../alibaba/account-role.js';
import type { CloudOptions } from '../alibaba/create-cloud.js';
import { LATE_WINDOW_MS } from '../domain/late-check.js';
import { createAddressGuard } from '../sources/address-rules.js';
import { accountsFromEnvironment } from './accounts.js';
import { cloudFromEnvironment } from './cloud.js';
import { DEFAULT_CONNECTIONS, databaseConfig } from './database.js';
import { byteCount, commaList, type Environment, milliseconds, readEnvironment } from './environment.js';
import { homeFolder, substituteHome } from './home.js';
import { type PayloadKeySource, payloadKeySource } from './payload-keys.js';
import { DEFAULT_HOST, type ProcessConfig, processConfig, processVariables } from './process.js';
import { type TemporalConfig, type TemporalSettings, temporalSettings } from './temporal.js';
import { readTemporalSettings } from './temporal-environment.js';

/** Times are in milliseconds, sizes in bytes. Fields with a default are optional. */
export interface WorkerConfig {
  /** `postgres://user:password@host:5432/database` */
  readonly databaseUrl: string;
  /** The same database without a connection pooler in between: for migrations of this worker. Default: `databaseUrl`. */
  readonly databaseDirectUrl?: string;
  /** Maximum number of connections to the database; one more is for reports. Default 10. */
  readonly databaseConnections?: number;
  /** Default: `127.0.0.1:7233`, namespace `default`, no TLS. */
  readonly temporal?: TemporalConfig | TemporalSettings;
  /** Default: payloads in Temporal are not encrypted. The same keys as in all other processes. */
  readonly payloadKeys?: PayloadKeySource | null;
  readonly cloud: CloudOptions;
  /** The accounts that requests may name besides that of `cloud`. Default: none. */
  readonly accounts?: readonly AccountRole[];
  /** Names the task queue for files on this host; keep it the same across restarts. Default: the host name. */
  readonly host?: string;
  /** Folders, or single files, that imports may read. Empty: none. Default: any file that the process can read. */
  readonly fileRoots?: readonly string[];
  /** File that maps the names of credentials to values and hosts. Default: none. */
  readonly credentialsFile?: string;
  /** The state file of the local supervisor: imports never read files in its folder. Default: none. */
  readonly stackFile?: string;
  /** Hosts that images may be downloaded from: `images.example.com`, `*.example.com`. Default: none, which allows any. */
  readonly httpHosts?: readonly string[];
  /** Loopback, link-local or metadata service addresses that images may be downloaded from. Default: none. */
  readonly httpAddresses?: readonly string[];
  /** Folder for converted and downloaded images until they are uploaded. Default `~/.cache/ecs-image-import/images`. */
  readonly cacheDir?: string;
  /** Maximum size of that folder. Default 200 GiB. */
  readonly cacheLimitBytes?: number;
  /** Maximum number of disks that this worker uploads concurrently. Default 4. */
  readonly maxUploads?: number;
  /** Maximum number of concurrent preflights. Default 16. */
  readonly maxPreflights?: number;
  /** Maximum number of concurrent short activities. Default 50. */
  readonly maxActivities?: number;
  /** Maximum number of imports, detections and copies that this worker waits for concurrently. Default 2,000. */
  readonly maxWatches?: number;
  /** Maximum number of workflows that stay in memory; others are replayed when they continue. Default: by the size of the heap. */
  readonly maxCachedWorkflows?: number;
  /** Maximum number of concurrent workflow tasks. Default 40. */
  readonly maxWorkflowTasks?: number;
  /** Maximum number of open polls of each task queue; the number adapts to the load. Default 10. */
  readonly maxPollers?: number;
  /**
   * Pins imports to the version of the worker that starts them (docs/versioning.md). Only where workers of the old version are
   * kept until their imports have ended. Default: none, which lets running imports continue with the next version.
   */
  readonly versioning?: WorkerVersioning;
  /** Initial interval between two polls of the cloud; it grows up to `pollMaxMs`. Default 1,000. */
  readonly pollFirstMs?: number;
  /** Maximum poll interval. Default 30,000. */
  readonly pollMaxMs?: number;
  /** Time without progress after which a transient failure becomes `attention`. Default one hour. */
  readonly patienceMs?: number;
  /** Interval between two searches for an image after a lost response. Default 2,000. */
  readonly lostImagePollMs?: number;
  /** How long after the end of an import its calls may still take effect: late checks run until then. Default ten minutes. */
  readonly lateWindowMs?: number;
  /** Calls per minute and region, by action. Default: the cloud's own limits. */
  readonly callLimits?: Readonly<Record<string, number>>;
  /** Interval at which a batch checks its imports. Default 500. */
  readonly batchPollMs?: number;
  /** Maximum time that a batch waits to start several imports together. Default 2,000. */
  readonly batchGatherMs?: number;
  /** Grace period after a shutdown; another worker continues unfinished work. Default 10,000. */
  readonly shutdownMs?: number;
}

/** A version of a worker deployment in Temporal. */
export interface WorkerVersioning {
  /** Name of the worker deployment. */
  readonly deployment: string;
  readonly buildId: string;
}

type OptionalSetting =
  | 'databaseDirectUrl'
  | 'fileRoots'
  | 'stackFile'
  | 'credentialsFile'
  | 'maxCachedWorkflows'
  | 'versioning';

/** A configuration with all defaults and validated Temporal settings. */
export type WorkerSettings = Required<Omit<WorkerConfig, OptionalSetting>> &
  Pick<WorkerConfig, OptionalSetting> & { readonly temporal: TemporalSettings };

const GIB = 1024 ** 3;

export const WORKER_DEFAULTS = {
  databaseConnections: DEFAULT_CONNECTIONS,
  payloadKeys: null,
  host: DEFAULT_HOST,
  accounts: [],
  httpHosts: [],
  httpAddresses: [],
  // Read on use: finding a substitute for a missing home folder creates it.
  get cacheDir() {
    return path.join(homeFolder() ?? substituteHome(), '.cache', 'ecs-image-import', 'images');
  },
  cacheLimitBytes: 200 * GIB,
  maxUploads: 4,
  maxPreflights: 16,
  maxActivities: 50,
  maxWatches: 2_000,
  maxWorkflowTasks: 40,
  maxPollers: 10,
  pollFirstMs: 1_000,
  pollMaxMs: 30_000,
  patienceMs: 60 * 60_000,
  lostImagePollMs: 2_000,
  lateWindowMs: LATE_WINDOW_MS,
  callLimits: {},
  batchPollMs: 500,
  batchGatherMs: 2_000,
  shutdownMs: 10_000,
} satisfies Partial<WorkerConfig>;

/** Throws `ConfigError` if the Temporal settings are invalid. */
export function workerSettings(config: WorkerConfig): WorkerSettings {
  const { temporal = {} } = config;
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
  return {
    ...WORKER_DEFAULTS,
    ...given,
    databaseUrl: config.databaseUrl,
    cloud: config.cloud,
    temporal: 'named' in temporal ? temporal : temporalSettings(temporal),
  };
}

/** Of the worker deployment in Temporal. */
const DEFAULT_DEPLOYMENT = 'ecs-image-import';

const count = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

export const workerVariables = z.object({
  ...processVariables,
  ECS_IMPORT_FILE_ROOTS: z.string().optional().transform(fileRoots),
  ECS_IMPORT_CREDENTIALS_FILE: z.string().optional(),
  ECS_IMPORT_HTTP_HOSTS: commaList,
  ECS_IMPORT_HTTP_ADDRESSES: commaList.refine(areAddresses, 'set addresses or networks, e.g. 127.0.0.1,10.0.0.0/8'),
  ECS_IMPORT_CACHE_DIR: z
    .string()
    .min(1)
    .default(() => WORKER_DEFAULTS.cacheDir),
  ECS_IMPORT_CACHE_LIMIT: byteCount.default(WORKER_DEFAULTS.cacheLimitBytes),
  ECS_IMPORT_MAX_UPLOADS: count(WORKER_DEFAULTS.maxUploads),
  ECS_IMPORT_MAX_PREFLIGHTS: count(WORKER_DEFAULTS.maxPreflights),
  ECS_IMPORT_MAX_ACTIVITIES: count(WORKER_DEFAULTS.maxActivities),
  ECS_IMPORT_MAX_WATCHES: count(WORKER_DEFAULTS.maxWatches),
  ECS_IMPORT_MAX_CACHED_WORKFLOWS: z.coerce.number().int().min(0).optional(),
  ECS_IMPORT_MAX_WORKFLOW_TASKS: z.coerce.number().int().min(2).default(WORKER_DEFAULTS.maxWorkflowTasks),
  ECS_IMPORT_MAX_POLLERS: z.coerce.number().int().min(2).max(100).default(WORKER_DEFAULTS.maxPollers),
  ECS_IMPORT_WORKER_VERSIONING: z.enum(['off', 'pinned']).default('off'),
  ECS_IMPORT_WORKER_DEPLOYMENT: z
    .string()
    .regex(/^[^.:]{1,100}$/, 'set a name without “.” and “:”')
    .default(DEFAULT_DEPLOYMENT),
  ECS_IMPORT_BUILD_ID: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'use letters, digits, “.”, “_” and “-”')
    .optional(),
  ECS_IMPORT_POLL_FIRST_MS: milliseconds(WORKER_DEFAULTS.pollFirstMs),
  ECS_IMPORT_POLL_MAX_MS: milliseconds(WORKER_DEFAULTS.pollMaxMs),
  ECS_IMPORT_PATIENCE_MS: milliseconds(WORKER_DEFAULTS.patienceMs),
  ECS_IMPORT_LOOK_EVERY_MS: milliseconds(WORKER_DEFAULTS.lostImagePollMs),
  ECS_IMPORT_LATE_WINDOW_MS: milliseconds(WORKER_DEFAULTS.lateWindowMs),
  ECS_IMPORT_CALL_LIMITS: z.string().default('').transform(callLimits),
  ECS_IMPORT_BATCH_LOOK_MS: milliseconds(WORKER_DEFAULTS.batchPollMs),
  ECS_IMPORT_BATCH_GATHER_MS: milliseconds(WORKER_DEFAULTS.batchGatherMs),
  ECS_IMPORT_SHUTDOWN_MS: milliseconds(WORKER_DEFAULTS.shutdownMs),
});

export interface WorkerProcessConfig extends WorkerConfig, ProcessConfig {}

/**
 * Throws `ConfigError` that names every invalid variable.
 * @param programVersion the build ID of pinned workers, unless the environment has another one
 */
export function workerConfigFromEnvironment(env: Environment, programVersion = ''): WorkerProcessConfig {
  const read = readEnvironment(workerVariables, env);
  return {
    ...databaseConfig(read),
    temporal: readTemporalSettings(env),
    payloadKeys: payloadKeySource(env),
    cloud: cloudFromEnvironment(env),
    accounts: accountsFromEnvironment(env),
    host: read.ECS_IMPORT_WORKER_HOST,
    ...(read.ECS_IMPORT_FILE_ROOTS === undefined ? {} : { fileRoots: read.ECS_IMPORT_FILE_ROOTS }),
    ...(read.ECS_IMPORT_CREDENTIALS_FILE === undefined
      ? {}
      : { credentialsFile: path.resolve(read.ECS_IMPORT_CREDENTIALS_FILE) }),
    ...(read.ECS_IMPORT_STACK_FILE === undefined ? {} : { stackFile: read.ECS_IMPORT_STACK_FILE }),
    httpHosts: read.ECS_IMPORT_HTTP_HOSTS,
    httpAddresses: read.ECS_IMPORT_HTTP_ADDRESSES,
    cacheDir: read.ECS_IMPORT_CACHE_DIR,
    cacheLimitBytes: read.ECS_IMPORT_CACHE_LIMIT,
    maxUploads: read.ECS_IMPORT_MAX_UPLOADS,
    maxPreflights: read.ECS_IMPORT_MAX_PREFLIGHTS,
    maxActivities: read.ECS_IMPORT_MAX_ACTIVITIES,
    maxWatches: read.ECS_IMPORT_MAX_WATCHES,
    ...(read.ECS_IMPORT_MAX_CACHED_WORKFLOWS === undefined
      ? {}
      : { maxCachedWorkflows: read.ECS_IMPORT_MAX_CACHED_WORKFLOWS }),
    maxWorkflowTasks: read.ECS_IMPORT_MAX_WORKFLOW_TASKS,
    maxPollers: read.ECS_IMPORT_MAX_POLLERS,
    ...(read.ECS_IMPORT_WORKER_VERSIONING === 'off'
      ? {}
      : {
          versioning: {
            deployment: read.ECS_IMPORT_WORKER_DEPLOYMENT,
            buildId: read.ECS_IMPORT_BUILD_ID ?? programVersion,
          },
        }),
    pollFirstMs: read.ECS_IMPORT_POLL_FIRST_MS,
    pollMaxMs: read.ECS_IMPORT_POLL_MAX_MS,
    patienceMs: read.ECS_IMPORT_PATIENCE_MS,
    lostImagePollMs: read.ECS_IMPORT_LOOK_EVERY_MS,
    lateWindowMs: read.ECS_IMPORT_LATE_WINDOW_MS,
    callLimits: read.ECS_IMPORT_CALL_LIMITS,
    batchPollMs: read.ECS_IMPORT_BATCH_LOOK_MS,
    batchGatherMs: read.ECS_IMPORT_BATCH_GATHER_MS,
    shutdownMs: read.ECS_IMPORT_SHUTDOWN_MS,
    ...processConfig(read),
  };
}

/** `/images:/more`, or a JSON list, which may be empty and whose paths may contain colons. */
function fileRoots(text: string | undefined, context: z.RefinementCtx): readonly string[] | undefined {
  if (text === undefined || text === '') return undefined;
  if (!text.startsWith('[')) return text.split(':').filter((root) => root !== '');
  const list = z.array(z.string().min(1)).safeParse(parsed(text));
  if (list.success) return list.data;
  context.addIssue('set folders separated by “:”, or a JSON list of folders, e.g. ["/images"]');
  return z.NEVER;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `ImportImage=60,DescribeImages=600` */
function callLimits(text: string, context: z.RefinementCtx): Readonly<Record<string, number>> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  const limits = pairs.flatMap((pair) => {
    const match = /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(pair);
    return match?.[1] === undefined || Number(match[2]) < 1 ? [] : [[match[1], Number(match[2])] as const];
  });
  if (limits.length < pairs.length)
    context.addIssue('set calls per minute by action, e.g. ImportImage=60,DescribeImages=600');
  return Object.fromEntries(limits);
}

export function areAddresses(addresses: readonly string[]): boolean {
  try {
    createAddressGuard({ hosts: [], addresses });
    return true;
  } catch {
    return false;
  }
}
