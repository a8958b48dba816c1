/** The API's configuration: a typed object, with a reader for environment variables. */
import { z } from 'zod';
import type { FinalState } from '../domain/import.js';
import { DEFAULT_ACTIVITY_TIMING } from '../domain/process-names.js';
import { accountsFromEnvironment } from './accounts.js';
import { type ApiAccess, accessVariables, apiAccess } from './api-access.js';
import { type DatabaseConfig, databaseConfig } from './database.js';
import { commaList, type Environment, milliseconds, readEnvironment } from './environment.js';
import { type OidcIssuer, oidcIssuers, oidcVariables } from './oidc.js';
import { type PayloadKeySource, payloadKeySource } from './payload-keys.js';
import { type ProcessConfig, processConfig, processVariables } from './process.js';
import type { TemporalSettings } from './temporal.js';
import { readTemporalSettings } from './temporal-environment.js';
import { type WebhookConfig, webhookConfig, webhookVariables } from './webhooks.js';

/** Times are in milliseconds. */
export interface ApiConfig extends DatabaseConfig {
  readonly temporal: TemporalSettings;
  /** Null: payloads in Temporal are not encrypted. */
  readonly payloadKeys: PayloadKeySource | null;
  /** Whether workflows have search attributes, which are not encrypted. */
  readonly searchAttributes: boolean;
  /** Origins of pages that may decode payloads with the identity of their user: Temporal's UI. */
  readonly codecOrigins: readonly string[];
  /** Address and port to listen on; port 0 selects a free port. */
  readonly host: string;
  readonly port: number;
  readonly access: ApiAccess;
  /** The host of `file:///…` sources without a host. */
  readonly workerHost: string;
  /** The accounts that requests may name. The roles are the worker's concern. */
  readonly accounts: readonly string[];
  /** How long imports wait for a worker before they stop for attention. */
  readonly workerMissingMs: number;
  /** Whether the Temporal server is the embedded one with its web interface, which this API serves to admins. */
  readonly hasTemporalUi: boolean;
  /** State file of the local supervisor, shown in `/readyz`. */
  readonly stackFile: string | null;
  /** Timing of the activities of workflows that this API starts. */
  readonly activityTiming: {
    readonly retryFirstMs: number;
    readonly retryMaxMs: number;
    readonly heartbeatTimeoutMs: number;
    /** How long an import waits in `attention`; absent: without limit. */
    readonly attentionLimitMs?: number;
  };
  /** After how many days ended imports and batches are deleted, and where they are exported to before. */
  readonly retention: {
    /** Null: never. */
    readonly days: Readonly<Record<FinalState, number | null>>;
    /** `none`: no export; null: not decided, so nothing is deleted. */
    readonly exportTo: string | 'none' | null;
  };
  readonly webhooks: WebhookConfig;
  /** Whose tokens are accepted. */
  readonly oidc: readonly OidcIssuer[];
  /** For the cost estimate of batches; null: no estimate. */
  readonly prices: z.infer<typeof prices> | null;
}

const KEEP_DAYS = 400;
const days = z.coerce.number().int().min(0).default(KEEP_DAYS);

const prices = z.object({
  currency: z.string().min(1).max(10),
  storageGiBMonth: z.number().min(0),
  trafficGiB: z.number().min(0),
});

/** Longer than the replacement of all workers by a new version takes. */
const DEFAULT_WORKER_MISSING_MS = 5 * 60_000;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const apiVariables = z.object({
  ...processVariables,
  ...webhookVariables,
  ECS_IMPORT_SEARCH_ATTRIBUTES: z.enum(['on', 'off']).default('on'),
  /** `https://temporal.example.com` */
  ECS_IMPORT_CODEC_ORIGINS: commaList.refine(
    (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
    'set origins such as https://temporal.example.com, without a path',
  ),
  ...oidcVariables,
  ECS_IMPORT_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  ...accessVariables,
  ECS_IMPORT_TEMPORAL_UI: z.enum(['true', 'false']).default('false'),
  ECS_IMPORT_WORKER_MISSING_MS: milliseconds(DEFAULT_WORKER_MISSING_MS),
  ECS_IMPORT_RETRY_FIRST_MS: milliseconds(DEFAULT_ACTIVITY_TIMING.retryFirstMs),
  ECS_IMPORT_RETRY_MAX_MS: milliseconds(DEFAULT_ACTIVITY_TIMING.retryMaxMs),
  ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: milliseconds(DEFAULT_ACTIVITY_TIMING.heartbeatTimeoutMs),
  ECS_IMPORT_PRICES: z
    .string()
    .transform((text, context) => {
      const read = prices.safeParse(parseJson(text));
      if (read.success) return read.data;
      context.addIssue('set {"currency":"CNY","storageGiBMonth":0.12,"trafficGiB":0.5}');
      return z.NEVER;
    })
    .optional(),
  /** 0: never deleted. */
  ECS_IMPORT_KEEP_SUCCEEDED_DAYS: days,
  ECS_IMPORT_KEEP_FAILED_DAYS: days,
  ECS_IMPORT_KEEP_CANCELLED_DAYS: days,
  ECS_IMPORT_EXPORT_DIR: z.string().min(1).optional(),
  ECS_IMPORT_ATTENTION_LIMIT_MS: z.coerce.number().int().min(1).optional(),
});

export interface ApiProcessConfig extends ApiConfig, ProcessConfig {}

/** Throws `ConfigError` that names every variable that is wrong. */
export function apiConfigFromEnvironment(env: Environment): ApiProcessConfig {
  const read = readEnvironment(apiVariables, env);
  const { ECS_IMPORT_ATTENTION_LIMIT_MS: attentionLimitMs } = read;
  return {
    ...databaseConfig(read),
    temporal: readTemporalSettings(env),
    payloadKeys: payloadKeySource(env),
    searchAttributes: read.ECS_IMPORT_SEARCH_ATTRIBUTES === 'on',
    codecOrigins: read.ECS_IMPORT_CODEC_ORIGINS,
    host: read.ECS_IMPORT_HOST,
    port: read.ECS_IMPORT_PORT,
    access: apiAccess(read),
    workerHost: read.ECS_IMPORT_WORKER_HOST,
    accounts: accountsFromEnvironment(env).map(({ name }) => name),
    workerMissingMs: read.ECS_IMPORT_WORKER_MISSING_MS,
    hasTemporalUi: read.ECS_IMPORT_TEMPORAL_UI === 'true',
    stackFile: read.ECS_IMPORT_STACK_FILE ?? null,
    activityTiming: {
      retryFirstMs: read.ECS_IMPORT_RETRY_FIRST_MS,
      retryMaxMs: read.ECS_IMPORT_RETRY_MAX_MS,
      heartbeatTimeoutMs: read.ECS_IMPORT_HEARTBEAT_TIMEOUT_MS,
      ...(attentionLimitMs === undefined ? {} : { attentionLimitMs }),
    },
    retention: {
      days: {
        succeeded: read.ECS_IMPORT_KEEP_SUCCEEDED_DAYS || null,
        failed: read.ECS_IMPORT_KEEP_FAILED_DAYS || null,
        cancelled: read.ECS_IMPORT_KEEP_CANCELLED_DAYS || null,
      },
      exportTo: read.ECS_IMPORT_EXPORT_DIR ?? null,
    },
    webhooks: webhookConfig(read),
    oidc: oidcIssuers(read.ECS_IMPORT_OIDC_FILE),
    prices: read.ECS_IMPORT_PRICES ?? null,
    ...processConfig(read),
  };
}
