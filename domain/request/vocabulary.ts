/** The values that the vendor's ImportImage page lists for request parameters, its defaults, and its limits. */

export const ARCHITECTURES = ['i386', 'x86_64', 'arm64'] as const;
export const OS_TYPES = ['windows', 'linux'] as const;
/** ImportImage takes the first two; the import sets the third one afterwards. */
export const BOOT_MODES = ['BIOS', 'UEFI', 'UEFI-Preferred'] as const;
export const DUAL_BOOT = 'UEFI-Preferred';
export const LICENSE_TYPES = ['Auto', 'Aliyun', 'BYOL'] as const;
export const IMAGE_FORMATS = ['RAW', 'VHD', 'QCOW2', 'VMDK'] as const;
export const NVME_SUPPORT = ['supported', 'unsupported'] as const;
export const IMDS_SUPPORT = ['v1', 'v2'] as const;
export const DETECTION_STRATEGIES = ['Standard', 'none'] as const;
export const DETECTION_FAIL_ON = ['blocking', 'warning', 'never'] as const;
export const CONVERT = ['auto', 'never', 'qcow2'] as const;
export const TRIM = ['none', 'free-space'] as const;
/** How this service reaches the bucket; never a host, which would receive signed calls. */
export const UPLOAD_ENDPOINTS = ['auto', 'public', 'internal', 'accelerate'] as const;
export const ROLE_MODES = ['ensure', 'verify', 'skip'] as const;

export const WINDOWS_PLATFORMS = [
  'Windows Server 2022',
  'Windows Server 2019',
  'Windows Server 2016',
  'Windows Server 2012',
  'Windows Server 2008',
  'Windows Server 2003',
  'Other Windows',
] as const;

export const LINUX_PLATFORMS = [
  'Aliyun',
  'Anolis',
  'CentOS',
  'Ubuntu',
  'CoreOS',
  'SUSE',
  'Debian',
  'OpenSUSE',
  'FreeBSD',
  'RedHat',
  'Kylin',
  'UOS',
  'Fedora',
  'Fedora CoreOS',
  'CentOS Stream',
  'AlmaLinux',
  'Rocky Linux',
  'Gentoo',
  'Customized Linux',
  'Others Linux',
] as const;

export const PLATFORMS = [...LINUX_PLATFORMS, ...WINDOWS_PLATFORMS] as const;

/** Platforms that the cloud's license does not cover, because its key server activates Windows Server only. */
export const BYOL_ONLY_PLATFORMS: readonly string[] = ['Other Windows'];

/** Systems that the cloud's detection does not support. A request for it may be refused, or its result never be reported. */
export const PLATFORMS_WITHOUT_DETECTION: readonly string[] = [
  ...['Gentoo', 'FreeBSD', 'CoreOS', 'Fedora CoreOS', 'Customized Linux'],
  'Windows Server 2003',
];

export function isWindowsPlatform(platform: string | undefined): boolean {
  return (WINDOWS_PLATFORMS as readonly string[]).includes(platform ?? '');
}

/** What the cloud assumes if neither the request nor inspection sets a value. */
export const VENDOR_DEFAULTS = {
  architecture: 'x86_64',
  osType: 'linux',
  platform: 'Others Linux',
  bootMode: 'BIOS',
  bootModeArm64: 'UEFI',
  licenseType: 'Aliyun',
  nvmeSupport: 'unsupported',
  imdsSupport: 'v1',
} as const;

export const MAX_DISKS = 17;
export const MIN_DISK_GIB = 1;
export const MAX_DISK_GIB = 2048;
/** The cloud's limit for one image. This service reserves one of them. */
export const MAX_TAGS = 20;
/** The cloud's limit of accounts that one image can be shared with. */
export const MAX_SHARED_ACCOUNTS = 50;

/**
 * Regions at the time of writing. DescribeRegions is the authority, so an unknown region causes a warning, not an error.
 */
export const KNOWN_REGIONS: readonly string[] = [
  'cn-qingdao',
  'cn-beijing',
  'cn-zhangjiakou',
  'cn-huhehaote',
  'cn-wulanchabu',
  'cn-hangzhou',
  'cn-shanghai',
  'cn-nanjing',
  'cn-fuzhou',
  'cn-wuhan-lr',
  'cn-zhongwei',
  'cn-zhengzhou-jva',
  'cn-shenzhen',
  'cn-heyuan',
  'cn-guangzhou',
  'cn-chengdu',
  'cn-hongkong',
  'cn-shanghai-finance-1',
  'cn-shenzhen-finance-1',
  'cn-beijing-finance-1',
  'cn-hangzhou-finance',
  'cn-north-2-gov-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-southeast-1',
  'ap-southeast-3',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ap-southeast-8',
  'us-east-1',
  'us-west-1',
  'na-south-1',
  'eu-central-1',
  'eu-west-1',
  'eu-west-2',
  'me-east-1',
  'me-central-1',
];
