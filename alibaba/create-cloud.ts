/** The whole cloud: every adapter over the same credentials, at the vendor's endpoints or those of a local emulator. */
import type { Cloud, CloudEndpoints, EcsApi, OssApi } from './cloud.js';
import type { CredentialSource } from './credentials.js';
import { createEcs } from './ecs.js';
import { createOss } from './oss.js';
import { createRam } from './ram.js';
import { createSts } from './sts.js';
import { createRateLimiter, type RateLimiter } from './upload/rate-limiter.js';

/** For calls that belong to no region: STS has an endpoint in each, and wants one named. */
export const HOME_REGION = 'cn-hangzhou';

export interface CloudOptions {
  readonly endpoints: CloudEndpoints;
  readonly credentials: CredentialSource;
  /** The region whose STS and RAM endpoints are called. Default `cn-hangzhou`. */
  readonly homeRegion?: string;
  /** Timeout of one call without image bytes, and of an upload on which no byte moves; ms. */
  readonly timeoutMs?: number;
  /** Rate limit of all uploads together, in bytes per second. */
  readonly limitRate?: number;
  /** Part size of an upload in bytes. Default 8 MiB; larger where the image would otherwise have more than 10,000 parts. */
  readonly partSize?: number;
  /** Maximum number of concurrent parts of one upload. Default 12. */
  readonly maxConcurrentParts?: number;
}

/** @param rateLimiter of all clouds of the process; absent: this cloud has its own */
export function createCloud(options: CloudOptions, rateLimiter = rateLimiterOf(options)): Cloud {
  const { endpoints, credentials, homeRegion = HOME_REGION } = options;
  const { timeoutMs, partSize, maxConcurrentParts } = options;
  const timeout = timeoutMs === undefined ? {} : { timeoutMs };
  const settings = {
    ...(timeoutMs === undefined ? {} : { stallMs: timeoutMs, controlTimeoutMs: timeoutMs }),
    ...(partSize === undefined ? {} : { partSize }),
    ...(maxConcurrentParts === undefined ? {} : { maxConcurrentParts }),
  };
  return {
    ecs: onePerRegion((region): EcsApi => createEcs({ endpoint: endpoints.ecs, region, credentials, ...timeout })),
    oss: onePerRegion(
      (region): OssApi =>
        createOss({
          ...{ endpoint: endpoints.oss, region, credentials, settings },
          ...(rateLimiter === null ? {} : { rateLimiter }),
        }),
    ),
    ram: createRam({ endpoint: endpoints.ram, region: homeRegion, credentials, ...timeout }),
    sts: createSts({ endpoint: endpoints.sts, region: homeRegion, credentials, ...timeout }),
  };
}

/** One for all regions and accounts: the limit is this process's. Null: no limit. */
export function rateLimiterOf({ limitRate }: Pick<CloudOptions, 'limitRate'>): RateLimiter | null {
  return limitRate === undefined ? null : createRateLimiter(limitRate);
}

/** Clients keep connections and watch limits: one a region, however often it is asked for. */
function onePerRegion<Api>(create: (region: string) => Api): (region: string) => Api {
  const made = new Map<string, Api>();
  return (region) => {
    const known = made.get(region) ?? create(region);
    made.set(region, known);
    return known;
  };
}
