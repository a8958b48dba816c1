/** Reads the configuration of Alibaba Cloud from environment variables: endpoints, credentials, limits of calls and uploads. */
import { z } from 'zod';
import type { CloudEndpoints } from '../alibaba/cloud.js';
import type { CloudOptions } from '../alibaba/create-cloud.js';
import { defaultCredentials } from '../alibaba/credentials.js';
import { OSS_DEFAULTS } from '../alibaba/oss.js';
import { MAX_PART_BYTES, MIN_PART_BYTES } from '../alibaba/upload/parts.js';
import { proxiesFromEnvironment } from '../network/proxy-rules.js';
import { byteCount, ConfigError, type Environment, readEnvironment } from './environment.js';

const endpoint = z
  .string()
  .regex(/^https?:\/\/[^/?#\s]+\/?$/, 'set http://127.0.0.1:PORT or https://HOST, or unset it')
  .transform((address) => address.replace(/\/$/, ''))
  .optional();

export const cloudVariables = z.object({
  ECS_ENDPOINT: endpoint,
  RAM_ENDPOINT: endpoint,
  STS_ENDPOINT: endpoint,
  OSS_ENDPOINT: endpoint,
  ALIBABA_CLOUD_STS_REGION: z.string().optional(),
  ALIBABA_CLOUD_REGION_ID: z.string().optional(),
  /** Timeout of one call to the cloud; unset: 20 s, for OSS 60 s. */
  ECS_IMPORT_CALL_TIMEOUT_MS: z.coerce.number().int().min(1).optional(),
  /** Rate limit of all uploads of this process in bytes per second: `500K`, `12.5M`; unset: no limit. */
  ECS_IMPORT_LIMIT_RATE: byteCount.optional(),
  /** Part size of an upload. Larger for images that would have more than 10,000 parts. */
  ECS_IMPORT_PART_SIZE: byteCount
    .refine(
      (bytes) => bytes >= MIN_PART_BYTES && bytes <= MAX_PART_BYTES,
      'set 100K to 5G, the part sizes that OSS accepts',
    )
    .default(OSS_DEFAULTS.partSize),
  /** Maximum number of concurrent parts of one upload. */
  ECS_IMPORT_MAX_PARTS_AT_ONCE: z.coerce.number().int().min(1).default(OSS_DEFAULTS.maxConcurrentParts),
});

/** Throws `ConfigError` that names every variable that is wrong. */
export function cloudFromEnvironment(env: Environment, endpoints = cloudEndpoints(env)): CloudOptions {
  const read = readEnvironment(cloudVariables, env);
  checkProxies(env);
  const homeRegion = read.ALIBABA_CLOUD_STS_REGION ?? read.ALIBABA_CLOUD_REGION_ID;
  const { ECS_IMPORT_CALL_TIMEOUT_MS: timeoutMs, ECS_IMPORT_LIMIT_RATE: limitRate } = read;
  return {
    endpoints,
    credentials: defaultCredentials(env),
    partSize: read.ECS_IMPORT_PART_SIZE,
    maxConcurrentParts: read.ECS_IMPORT_MAX_PARTS_AT_ONCE,
    ...(homeRegion === undefined ? {} : { homeRegion }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(limitRate === undefined ? {} : { limitRate }),
  };
}

function checkProxies(env: Environment): void {
  try {
    proxiesFromEnvironment(env);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

/** The endpoints of the services; undefined: the public endpoint. Throws `ConfigError`. */
export function cloudEndpoints(env: Environment): CloudEndpoints {
  const { ECS_ENDPOINT, RAM_ENDPOINT, STS_ENDPOINT, OSS_ENDPOINT } = readEnvironment(cloudVariables, env);
  return { ecs: ECS_ENDPOINT, ram: RAM_ENDPOINT, sts: STS_ENDPOINT, oss: OSS_ENDPOINT };
}
