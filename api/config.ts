/** The API's configuration: everything comes from the environment. */
import os from 'node:os';
import { z } from 'zod';
import { milliseconds, readEnvironment } from '../config/environment.js';
import { DEFAULT_ACTIVITY_TIMING } from '../domain/process-names.js';
import { temporalVariables } from '../temporal/settings.js';

const prices = z.object({
  currency: z.string().min(1).max(10),
  storageGiBMonth: z.number().min(0),
  trafficGiB: z.number().min(0),
});

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const apiVariables = z.object({
  ...temporalVariables,
  DATABASE_URL: z.string('set DATABASE_URL to postgres://user:password@host:5432/database').min(1),
  ECS_IMPORT_HOST: z.string().min(1).default('127.0.0.1'),
  ECS_IMPORT_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** Bearer token that every request but the health checks must carry; unset: none. */
  ECS_IMPORT_API_TOKEN: z.string().min(1).optional(),
  /** The host whose worker reads `file:///…` sources that name no host. */
  ECS_IMPORT_WORKER_HOST: z.string().min(1).default(os.hostname()),
  /** Written by the local supervisor; its parts show in /readyz. */
  ECS_IMPORT_STACK_FILE: z.string().min(1).optional(),
  ECS_IMPORT_RETRY_FIRST_MS: milliseconds(DEFAULT_ACTIVITY_TIMING.retryFirstMs),
  ECS_IMPORT_RETRY_MAX_MS: milliseconds(DEFAULT_ACTIVITY_TIMING.retryMaxMs),
  ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: milliseconds(DEFAULT_ACTIVITY_TIMING.heartbeatTimeoutMs),
  /** For the estimate of batches: `{"currency":"CNY","storageGiBMonth":0.12,"trafficGiB":0.5}`. */
  ECS_IMPORT_PRICES: z
    .string()
    .transform((text, context) => {
      const read = prices.safeParse(jsonIn(text));
      if (read.success) return read.data;
      context.addIssue('give {"currency":"CNY","storageGiBMonth":0.12,"trafficGiB":0.5}');
      return z.NEVER;
    })
    .optional(),
  /** Unset: an import waits for a person for ever. */
  ECS_IMPORT_ATTENTION_LIMIT_MS: z.coerce.number().int().min(1).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

export type ApiConfig = z.infer<typeof apiVariables>;

export function readApiConfig(env: NodeJS.ProcessEnv): ApiConfig {
  return readEnvironment(apiVariables, env);
}
