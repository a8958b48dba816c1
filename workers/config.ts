/** The worker's configuration: everything comes from the environment, and what is wrong with it is said in one line. */
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { byteCount, commaList, milliseconds, readEnvironment } from '../config/environment.js';
import { createAddressGuard } from '../sources/address-rules.js';
import { temporalVariables } from '../temporal/settings.js';

function callLimits(text: string, context: z.RefinementCtx): Readonly<Record<string, number>> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  const limits = pairs.flatMap((pair) => {
    const match = /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(pair);
    return match?.[1] === undefined || Number(match[2]) < 1 ? [] : [[match[1], Number(match[2])] as const];
  });
  if (limits.length < pairs.length)
    context.addIssue('give calls a minute by action, e.g. ImportImage=60,DescribeImages=600');
  return Object.fromEntries(limits);
}

export const workerVariables = z.object({
  ...temporalVariables,
  DATABASE_URL: z.string('set DATABASE_URL to postgres://user:password@host:5432/database').min(1),
  /** Names this host's queue of file work; must stay the same over restarts. */
  ECS_IMPORT_WORKER_HOST: z.string().min(1).default(os.hostname()),
  /** Folders that imports may read files from, separated by `:`; without it any file that the process can read. */
  ECS_IMPORT_FILE_ROOTS: z.string().default(''),
  /** Hosts that images may be fetched from by HTTP: `images.example.com`, `*.example.com`; without it any host. */
  ECS_IMPORT_HTTP_HOSTS: commaList,
  /** Addresses and networks that images may be fetched from although they are this host's, its link's or a metadata service's. */
  ECS_IMPORT_HTTP_ADDRESSES: commaList.refine(areAddresses, 'give addresses or networks: 127.0.0.1, 10.0.0.0/8'),
  /** Where converted and downloaded images lie until they are sent, and how much of them at most. */
  ECS_IMPORT_CACHE_DIR: z
    .string()
    .min(1)
    .default(path.join(os.homedir(), '.cache', 'ecs-image-import', 'images')),
  ECS_IMPORT_CACHE_LIMIT: byteCount.prefault('200G'),
  /** Disks that this worker sends at once, those of one import among them. */
  ECS_IMPORT_MAX_UPLOADS: z.coerce.number().int().min(1).default(4),
  ECS_IMPORT_MAX_PREFLIGHTS: z.coerce.number().int().min(1).default(16),
  ECS_IMPORT_MAX_ACTIVITIES: z.coerce.number().int().min(1).default(50),
  ECS_IMPORT_MAX_WATCHES: z.coerce.number().int().min(1).default(2_000),
  ECS_IMPORT_POLL_FIRST_MS: milliseconds(1_000),
  ECS_IMPORT_POLL_MAX_MS: milliseconds(30_000),
  ECS_IMPORT_PATIENCE_MS: milliseconds(60 * 60_000),
  ECS_IMPORT_LOOK_EVERY_MS: milliseconds(2_000),
  /** Calls a minute to each region, by the vendor’s action: `ImportImage=60,DescribeImages=600`; others as the cloud lets. */
  ECS_IMPORT_CALL_LIMITS: z.string().default('').transform(callLimits),
  /** Between two looks of a batch at its imports. */
  ECS_IMPORT_BATCH_LOOK_MS: milliseconds(500),
  /** For so long at most a batch waits until several imports can start at once. */
  ECS_IMPORT_BATCH_GATHER_MS: milliseconds(2_000),
  ECS_IMPORT_SHUTDOWN_MS: milliseconds(10_000),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

function areAddresses(addresses: readonly string[]): boolean {
  try {
    createAddressGuard({ hosts: [], addresses });
    return true;
  } catch {
    return false;
  }
}

export type WorkerConfig = z.infer<typeof workerVariables>;

export function readWorkerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  return readEnvironment(workerVariables, env);
}
