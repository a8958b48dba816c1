/** The vendor's hosts of OSS by region, and the services' hosts in a VPC. The hosts of finance and government regions follow no pattern. */

export interface RegionHosts {
  readonly public: string;
  /** The most likely first: a bucket is at one of them. */
  readonly internal: readonly string[];
}

/** https://help.aliyun.com/en/oss/user-guide/regions-and-endpoints (2026-08-13). Buckets of the finance cloud proper have no public host. */
const OTHER_HOSTS: Readonly<Record<string, RegionHosts>> = {
  'cn-hangzhou-finance': {
    public: 'oss-cn-hzfinance.aliyuncs.com',
    internal: [
      'oss-cn-hzjbp-a-internal.aliyuncs.com',
      'oss-cn-hzjbp-b-internal.aliyuncs.com',
      'oss-cn-hzfinance-internal.aliyuncs.com',
    ],
  },
  'cn-shanghai-finance-1': {
    public: 'oss-cn-shanghai-finance-1-pub.aliyuncs.com',
    internal: [
      'oss-cn-shanghai-finance-1-internal.aliyuncs.com',
      'oss-cn-shanghai-finance-1-pub-internal.aliyuncs.com',
    ],
  },
  'cn-shenzhen-finance-1': {
    public: 'oss-cn-szfinance.aliyuncs.com',
    internal: ['oss-cn-shenzhen-finance-1-internal.aliyuncs.com', 'oss-cn-szfinance-internal.aliyuncs.com'],
  },
  'cn-beijing-finance-1': {
    public: 'oss-cn-beijing-finance-1-pub.aliyuncs.com',
    internal: ['oss-cn-beijing-finance-1-internal.aliyuncs.com', 'oss-cn-beijing-finance-1-pub-internal.aliyuncs.com'],
  },
};

/** The locations that OSS reports for buckets of these regions, beside `oss-REGION`. */
const OTHER_LOCATIONS: Readonly<Record<string, string>> = {
  'oss-cn-hzjbp': 'cn-hangzhou-finance',
  'oss-cn-hzjbp-a': 'cn-hangzhou-finance',
  'oss-cn-hzjbp-b': 'cn-hangzhou-finance',
  'oss-cn-hzfinance': 'cn-hangzhou-finance',
  'oss-cn-shanghai-finance-1-pub': 'cn-shanghai-finance-1',
  'oss-cn-szfinance': 'cn-shenzhen-finance-1',
  'oss-cn-beijing-finance-1-pub': 'cn-beijing-finance-1',
};

/** For every region. Only for buckets with transfer acceleration. */
export const ACCELERATE_HOST = 'oss-accelerate.aliyuncs.com';

export function ossHosts(region: string): RegionHosts {
  return (
    OTHER_HOSTS[region] ?? { public: `oss-${region}.aliyuncs.com`, internal: [`oss-${region}-internal.aliyuncs.com`] }
  );
}

/** The region ID of the location that OSS reports for a bucket. */
export function regionOfLocation(location: string): string {
  return OTHER_LOCATIONS[location] ?? location.replace(/^oss-/, '');
}

/** `CLOUDBOX_ID.REGION.oss-cloudbox.aliyuncs.com`; null: no host of a CloudBox. */
export function cloudBoxOfHost(host: string): string | null {
  return /^(cb-[a-z0-9*-]+)\.[a-z0-9-]+\.oss-cloudbox\.aliyuncs\.com$/i.exec(host)?.[1] ?? null;
}

/** The endpoints of the services in a VPC; `{region}` stands for the region of the call. */
export const VPC_ENDPOINTS = {
  ecs: 'https://ecs-vpc.{region}.aliyuncs.com',
  sts: 'https://sts-vpc.{region}.aliyuncs.com',
  ram: 'https://ram.vpc-proxy.aliyuncs.com',
} as const;

/** Puts the region into the endpoint of an operator. */
export function endpointIn(region: string, endpoint: string | undefined): string | undefined {
  return endpoint?.replaceAll('{region}', region);
}
