/** Reads the configuration of Alibaba Cloud from environment variables: endpoints, credentials, limits of calls and uploads. */
import { z } from 'zod';
import type { CloudEndpoints } from '../alibaba/cloud.js';
import type { CloudOptions } from '../alibaba/create-cloud.js';
import { defaultCredentials } from '../alibaba/credentials.js';
import { VPC_ENDPOINTS } from '../alibaba/endpoints.js';
import { OSS_DEFAULTS } from '../alibaba/oss.js';
import { MAX_PART_BYTES, MIN_PART_BYTES } from '../alibaba/upload/parts.js';
import { SITES, useSite } from '../domain/errors/site.js';
import { proxiesFromEnvironment } from '../network/proxy-rules.js';
import { byteCount, ConfigError, type Environment, readEnvironment } from './environment.js';

const ADDRESS = /^https?:\/\/[^/?#\s@]+\/?$/;
const endpoint = z
  .string()
  .regex(ADDRESS, 'set http://127.0.0.1:PORT or https://HOST, or unset it')
  .transform(withoutSlash)
  .optional();

/** `NAME=https://HOST,NAME=https://HOST` */
const endpointsByName = z
  .string()
  .default('')
  .transform((text, context) => {
    const found: Record<string, string> = {};
    for (const entry of text.split(',').map((part) => part.trim())) {
      if (entry === '') continue;
      const [, name = '', address = ''] = /^([a-z0-9*-]+)=(\S+)$/i.exec(entry) ?? [];
      if (!ADDRESS.test(address) || !URL.canParse(address.replaceAll('{bucket}', 'bucket'))) {
        context.addIssue({ code: 'custom', message: `${entry} is not an endpoint: set NAME=https://HOST` });
        return z.NEVER;
      }
      found[name] = withoutSlash(address);
    }
    return found;
  });

function withoutSlash(address: string): string {
  return address.replace(/\/$/, '');
}

const flag = z
  .string()
  .default('')
  .transform((text) => text.toLowerCase() === 'true');

export const cloudVariables = z.object({
  ECS_ENDPOINT: endpoint,
  RAM_ENDPOINT: endpoint,
  STS_ENDPOINT: endpoint,
  OSS_ENDPOINT: endpoint,
  /** Custom domains that are bound to buckets: `images=https://images.example.com`. */
  OSS_BUCKET_ENDPOINTS: endpointsByName,
  /** `cn-beijing=https://HOST`; with `{bucket}` in the host, it is the custom domain of each bucket of the region. */
  OSS_REGION_ENDPOINTS: endpointsByName,
  /** `cb-1=https://cb-1.cn-hangzhou.oss-cloudbox.aliyuncs.com` */
  OSS_CLOUDBOX_ENDPOINTS: endpointsByName,
  ECS_METADATA_ENDPOINT: endpoint,
  ALIBABA_CLOUD_ECS_METADATA_DISABLED: flag,
  ALIBABA_CLOUD_IMDSV1_DISABLED: flag,
  /** ECS, STS and RAM are called at their endpoints in a VPC, unless an endpoint is set. */
  ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED: flag,
  RESOURCE_SHARING_ENDPOINT: endpoint,
  QUOTA_CENTER_ENDPOINT: endpoint,
  ALIBABA_CLOUD_STS_REGION: z.string().optional(),
  ALIBABA_CLOUD_REGION_ID: z.string().optional(),
  /** The site that the account is registered at, for links to its consoles. */
  ECS_IMPORT_SITE: z.enum(SITES).default('china'),
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

/** Throws `ConfigError` that names every variable that is wrong. From then on, the process shows the links of the site. */
export function cloudFromEnvironment(env: Environment, endpoints = cloudEndpoints(env)): CloudOptions {
  const read = readEnvironment(cloudVariables, env);
  checkProxies(env);
  useSite(read.ECS_IMPORT_SITE);
  const homeRegion = read.ALIBABA_CLOUD_STS_REGION ?? read.ALIBABA_CLOUD_REGION_ID;
  const { ECS_IMPORT_CALL_TIMEOUT_MS: timeoutMs, ECS_IMPORT_LIMIT_RATE: limitRate } = read;
  return {
    endpoints,
    credentials: defaultCredentials(env),
    metadata: {
      url: read.ECS_METADATA_ENDPOINT,
      disabled: read.ALIBABA_CLOUD_ECS_METADATA_DISABLED,
      tokenRequired: read.ALIBABA_CLOUD_IMDSV1_DISABLED,
    },
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
  const read = readEnvironment(cloudVariables, env);
  const inVpc = read.ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED
    ? VPC_ENDPOINTS
    : { ecs: undefined, ram: undefined, sts: undefined };
  return {
    ecs: read.ECS_ENDPOINT ?? inVpc.ecs,
    ram: read.RAM_ENDPOINT ?? inVpc.ram,
    sts: read.STS_ENDPOINT ?? inVpc.sts,
    oss: read.OSS_ENDPOINT,
    byBucket: read.OSS_BUCKET_ENDPOINTS,
    byRegion: read.OSS_REGION_ENDPOINTS,
    byCloudBox: read.OSS_CLOUDBOX_ENDPOINTS,
    resourceSharing: read.RESOURCE_SHARING_ENDPOINT,
    quotaCenter: read.QUOTA_CENTER_ENDPOINT,
  };
}
