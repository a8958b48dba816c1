/** The settings that worker and API have in common. */
import os from 'node:os';
import { z } from 'zod';
import { accountVariables } from './accounts.js';
import { databaseVariables } from './database.js';
import { LOG_FORMAT, LOG_LEVEL, type LogFormat, type LogLevel, milliseconds } from './environment.js';
import { type HealthAddress, healthAddress, healthVariables } from './health.js';
import { payloadKeyVariables } from './payload-keys.js';
import { temporalVariables } from './temporal-variables.js';

/** Longer than any single calculation of an activity on a busy host. */
const DEFAULT_BLOCKED_LIMIT_MS = 15_000;
export const DEFAULT_HOST = os.hostname();

const variables = z.object({
  ...temporalVariables,
  ...databaseVariables,
  ...accountVariables.shape,
  ...payloadKeyVariables,
  ...healthVariables,
  ECS_IMPORT_WORKER_HOST: z.string().min(1).default(DEFAULT_HOST),
  ECS_IMPORT_STACK_FILE: z.string().min(1).optional(),
  ECS_IMPORT_BLOCKED_LIMIT_MS: milliseconds(DEFAULT_BLOCKED_LIMIT_MS),
  LOG_LEVEL,
  LOG_FORMAT,
});
export const processVariables = variables.shape;

/** Settings of the process, not of the API or worker in it, which another program may start too. */
export interface ProcessConfig {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** How long its event loop may be blocked before its watchdog ends it. */
  readonly blockedLimitMs: number;
  /** Null: no port for health checks and metrics. */
  readonly healthAddress: HealthAddress | null;
}

export function processConfig(read: z.infer<typeof variables>): ProcessConfig {
  return {
    logLevel: read.LOG_LEVEL,
    logFormat: read.LOG_FORMAT,
    blockedLimitMs: read.ECS_IMPORT_BLOCKED_LIMIT_MS,
    healthAddress: healthAddress(read),
  };
}
