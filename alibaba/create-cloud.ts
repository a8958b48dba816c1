/** The whole cloud, wired from the environment: the vendor's endpoints and credential chain, or a local stand-in for some or all of it. */
import { z } from 'zod';
import { byteCount, type Environment, readEnvironment } from '../config/environment.js';
import type { Cloud, CloudEndpoints, EcsApi, OssApi } from './cloud.js';
import { type CredentialSource, defaultCredentials } from './credentials.js';
import { createEcs } from './ecs.js';
import { createOss, OSS_DEFAULTS } from './oss.js';
import { createRam } from './ram.js';
import { createSts } from './sts.js';
import { MAX_PART_BYTES, MIN_PART_BYTES } from './upload/parts.js';
import { createPace } from './upload/rate-limiter.js';

/** For calls that belong to no region: STS has an endpoint in each, and wants one named. */
const HOME_REGION = 'cn-hangzhou';

export interface CloudOptions {
  readonly endpoints: CloudEndpoints;
  readonly credentials: CredentialSource;
  /** Where STS is asked. */
  readonly homeRegion?: string;
  /** Of one call without an image's bytes, and of an upload on which no byte moves; ms. */
  readonly timeoutMs?: number;
  /** What all uploads together may send a second, in bytes. */
  readonly limitRate?: number;
  /** Wanted bytes of an upload's part. */
  readonly partSize?: number;
  /** Parts of one upload under way at once, at most. */
  readonly maxLanes?: number;
}

export function createCloud(options: CloudOptions): Cloud {
  const { endpoints, credentials, homeRegion = HOME_REGION } = options;
  const { timeoutMs, partSize, maxLanes } = options;
  const timeout = timeoutMs === undefined ? {} : { timeoutMs };
  // One for all regions: the limit is this process's.
  const pace = options.limitRate === undefined ? {} : { pace: createPace(options.limitRate) };
  const settings = {
    ...(timeoutMs === undefined ? {} : { stallMs: timeoutMs, controlTimeoutMs: timeoutMs }),
    ...(partSize === undefined ? {} : { partSize }),
    ...(maxLanes === undefined ? {} : { maxLanes }),
  };
  return {
    ecs: onePerRegion((region): EcsApi => createEcs({ endpoint: endpoints.ecs, region, credentials, ...timeout })),
    oss: onePerRegion(
      (region): OssApi => createOss({ endpoint: endpoints.oss, region, credentials, settings, ...pace }),
    ),
    ram: createRam({ endpoint: endpoints.ram, region: homeRegion, credentials, ...timeout }),
    sts: createSts({ endpoint: endpoints.sts, region: homeRegion, credentials, ...timeout }),
  };
}

/** Throws `ConfigError` where a variable holds something else than it should. */
export function createCloudFromEnvironment(env: Environment, endpoints = cloudEndpoints(env)): Cloud {
  const read = readEnvironment(cloudVariables, env);
  const homeRegion = read.ALIBABA_CLOUD_STS_REGION ?? read.ALIBABA_CLOUD_REGION_ID;
  const {
    ECS_IMPORT_CALL_TIMEOUT_MS: timeoutMs,
    ECS_IMPORT_LIMIT_RATE: limitRate,
    ECS_IMPORT_PART_SIZE: partSize,
    ECS_IMPORT_MAX_PARTS_AT_ONCE: maxLanes,
  } = read;
  return createCloud({
    endpoints,
    credentials: defaultCredentials(env),
    partSize,
    maxLanes,
    ...(homeRegion === undefined ? {} : { homeRegion }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(limitRate === undefined ? {} : { limitRate }),
  });
}

/** Where the environment points the services to. Throws `ConfigError` as above. */
export function cloudEndpoints(env: Environment): CloudEndpoints {
  const { ECS_ENDPOINT, RAM_ENDPOINT, STS_ENDPOINT, OSS_ENDPOINT } = readEnvironment(cloudVariables, env);
  return { ecs: ECS_ENDPOINT, ram: RAM_ENDPOINT, sts: STS_ENDPOINT, oss: OSS_ENDPOINT };
}

const endpoint = z
  .string()
  .regex(/^https?:\/\/[^/?#\s]+\/?$/, 'give it as http://127.0.0.1:PORT or https://HOST, or leave it unset')
  .transform((address) => address.replace(/\/$/, ''))
  .optional();

export const cloudVariables = z.object({
  ECS_ENDPOINT: endpoint,
  RAM_ENDPOINT: endpoint,
  STS_ENDPOINT: endpoint,
  OSS_ENDPOINT: endpoint,
  ALIBABA_CLOUD_STS_REGION: z.string().optional(),
  ALIBABA_CLOUD_REGION_ID: z.string().optional(),
  /** How long one call to the cloud may stay without an answer; unset: 20 s, for OSS 60 s. */
  ECS_IMPORT_CALL_TIMEOUT_MS: z.coerce.number().int().min(1).optional(),
  /** What this process sends at most, all its uploads together, in bytes a second: `500K`, `12.5M`; unset: no limit. */
  ECS_IMPORT_LIMIT_RATE: byteCount.optional(),
  /** Of one upload; larger where the image would else have more than 10,000 of them. */
  ECS_IMPORT_PART_SIZE: byteCount
    .refine((bytes) => bytes >= MIN_PART_BYTES && bytes <= MAX_PART_BYTES, 'give 100K to 5G: OSS takes no other parts')
    .default(OSS_DEFAULTS.partSize),
  /** Of one upload: it begins with four at most, and finds out how many the link is worth. */
  ECS_IMPORT_MAX_PARTS_AT_ONCE: z.coerce.number().int().min(1).default(OSS_DEFAULTS.maxLanes),
});

/** Clients keep connections and watch limits: one a region, however often it is asked for. */
function onePerRegion<Api>(create: (region: string) => Api): (region: string) => Api {
  const made = new Map<string, Api>();
  return (region) => {
    const known = made.get(region) ?? create(region);
    made.set(region, known);
    return known;
  };
}
