/** The whole cloud, wired from the environment: the vendor's endpoints and credential chain, or a local stand-in for some or all of it. */
import type { Cloud, CloudEndpoints, EcsApi, OssApi } from './cloud.js';
import { type CredentialSource, defaultCredentials } from './credentials.js';
import { createEcs } from './ecs.js';
import { createOss } from './oss.js';
import { createRam } from './ram.js';
import { createSts } from './sts.js';

/** For calls that belong to no region: STS has an endpoint in each, and wants one named. */
const HOME_REGION = 'cn-hangzhou';

export interface CloudOptions {
  readonly endpoints: CloudEndpoints;
  readonly credentials: CredentialSource;
  /** Where STS is asked. */
  readonly homeRegion?: string;
  /** Of one call to ECS, RAM or STS; ms. */
  readonly timeoutMs?: number;
}

export function createCloud(options: CloudOptions): Cloud {
  const { endpoints, credentials, homeRegion = HOME_REGION } = options;
  const timeout = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
  return {
    ecs: onePerRegion((region): EcsApi => createEcs({ endpoint: endpoints.ecs, region, credentials, ...timeout })),
    oss: onePerRegion((region): OssApi => createOss({ endpoint: endpoints.oss, region, credentials })),
    ram: createRam({ endpoint: endpoints.ram, region: homeRegion, credentials, ...timeout }),
    sts: createSts({ endpoint: endpoints.sts, region: homeRegion, credentials, ...timeout }),
  };
}

export function createCloudFromEnvironment(env: Readonly<Record<string, string | undefined>>): Cloud {
  const homeRegion = env.ALIBABA_CLOUD_STS_REGION || env.ALIBABA_CLOUD_REGION_ID;
  return createCloud({
    endpoints: endpointsOf(env),
    credentials: defaultCredentials(env),
    ...(homeRegion ? { homeRegion } : {}),
  });
}

/** `ECS_ENDPOINT`, `RAM_ENDPOINT`, `STS_ENDPOINT`, `OSS_ENDPOINT`; an empty one counts as unset. */
export function endpointsOf(env: Readonly<Record<string, string | undefined>>): CloudEndpoints {
  const found: Record<string, string> = {};
  for (const service of ['ecs', 'ram', 'sts', 'oss'] as const) {
    const name = `${service.toUpperCase()}_ENDPOINT`;
    const value = env[name];
    if (!value) continue;
    if (!/^https?:\/\/[^/?#]+\/?$/.test(value) || !URL.canParse(value)) {
      throw new Error(`${name} is ${value}: give it as http://127.0.0.1:PORT or https://HOST, or leave it unset`);
    }
    found[service] = value.replace(/\/$/, '');
  }
  return found;
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
