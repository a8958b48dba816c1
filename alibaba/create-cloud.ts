/** The whole cloud: every adapter over the same credentials, at the vendor's endpoints or those of a local emulator. */
import { ORDINARY_ACCESS, type UploadEndpoint } from '../domain/oss-access.js';
import type { Cloud, CloudEndpoints } from './cloud.js';
import type { CredentialSource } from './credentials.js';
import { createEcs } from './ecs.js';
import type { EcsApi } from './ecs-api.js';
import { createMetadata, type MetadataOptions } from './metadata-service.js';
import { createOss } from './oss.js';
import type { OssApi } from './oss-api.js';
import { createQuotaCenter } from './quota-center.js';
import { createRam } from './ram.js';
import { createResourceSharing } from './resource-sharing.js';
import { createSts } from './sts.js';
import { createRateLimiter, type RateLimiter } from './upload/rate-limiter.js';

/** For calls that belong to no region: STS has an endpoint in each, and wants one named. */
export const HOME_REGION = 'cn-hangzhou';

export interface CloudOptions {
  readonly endpoints: CloudEndpoints;
  readonly credentials: CredentialSource;
  /** How the metadata service of ECS is asked for the worker's region. */
  readonly metadata?: MetadataOptions;
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
  // One address for ECS and STS is an emulator, which serves these, too.
  const emulator = endpoints.ecs === endpoints.sts ? endpoints.ecs : undefined;
  const { resourceSharing: sharing = emulator, quotaCenter: quotas = emulator } = endpoints;
  const timeout = timeoutMs === undefined ? {} : { timeoutMs };
  const settings = {
    ...(timeoutMs === undefined ? {} : { stallMs: timeoutMs, controlTimeoutMs: timeoutMs }),
    ...(partSize === undefined ? {} : { partSize }),
    ...(maxConcurrentParts === undefined ? {} : { maxConcurrentParts }),
  };
  // One for all clients: the instance has one region.
  const metadata = createMetadata(options.metadata);
  const oss = oneEach(
    (region: string, endpoint: UploadEndpoint, storageLocationArn: string | null): OssApi =>
      createOss({
        ...{ endpoints, region, access: { endpoint, storageLocationArn }, metadata, credentials, settings },
        ...(rateLimiter === null ? {} : { rateLimiter }),
      }),
  );
  return {
    ecs: oneEach(
      (region: string): EcsApi => ({
        ...createEcs({ endpoint: endpoints.ecs, region, credentials, ...timeout }),
        ...createResourceSharing({ endpoint: sharing, region, credentials, ...timeout }),
        ...createQuotaCenter({ endpoint: quotas, region, credentials, ...timeout }),
      }),
    ),
    oss: (region, { endpoint, storageLocationArn } = ORDINARY_ACCESS) => oss(region, endpoint, storageLocationArn),
    ram: createRam({ endpoint: endpoints.ram, region: homeRegion, credentials, ...timeout }),
    sts: createSts({ endpoint: endpoints.sts, region: homeRegion, credentials, ...timeout }),
  };
}

/** One for all regions and accounts: the limit is this process's. Null: no limit. */
export function rateLimiterOf({ limitRate }: Pick<CloudOptions, 'limitRate'>): RateLimiter | null {
  return limitRate === undefined ? null : createRateLimiter(limitRate);
}

/** Clients keep connections and watch limits: one for each place, however often it is requested. */
function oneEach<Place extends readonly unknown[], Api>(create: (...place: Place) => Api): (...place: Place) => Api {
  const made = new Map<string, Api>();
  return (...place) => {
    const key = JSON.stringify(place);
    const known = made.get(key) ?? create(...place);
    made.set(key, known);
    return known;
  };
}
