/** The public regions and their endpoints. */
import { ApiError } from '../errors.js';
import { type ApiAnswer, type ApiCall, given } from '../rpc-call.js';
import { missingParameter } from '../rpc-errors.js';

const names: Readonly<Record<string, string>> = {
  'cn-qingdao': 'China (Qingdao)',
  'cn-beijing': 'China (Beijing)',
  'cn-zhangjiakou': 'China (Zhangjiakou)',
  'cn-huhehaote': 'China (Hohhot)',
  'cn-wulanchabu': 'China (Ulanqab)',
  'cn-hangzhou': 'China (Hangzhou)',
  'cn-shanghai': 'China (Shanghai)',
  'cn-nanjing': 'China (Nanjing)',
  'cn-fuzhou': 'China (Fuzhou)',
  'cn-wuhan-lr': 'China (Wuhan)',
  'cn-zhongwei': 'China (Zhongwei)',
  'cn-zhengzhou-jva': 'Zhengzhou (China Unicom)',
  'cn-shenzhen': 'China (Shenzhen)',
  'cn-heyuan': 'China (Heyuan)',
  'cn-guangzhou': 'China (Guangzhou)',
  'cn-chengdu': 'China (Chengdu)',
  'cn-hongkong': 'China (Hong Kong)',
  'ap-northeast-1': 'Japan (Tokyo)',
  'ap-northeast-2': 'South Korea (Seoul)',
  'ap-southeast-1': 'Singapore',
  'ap-southeast-3': 'Malaysia (Kuala Lumpur)',
  'ap-southeast-5': 'Indonesia (Jakarta)',
  'ap-southeast-6': 'Philippines (Manila)',
  'ap-southeast-7': 'Thailand (Bangkok)',
  'ap-southeast-8': 'Malaysia (Johor)',
  'us-east-1': 'US (Virginia)',
  'us-west-1': 'US (Silicon Valley)',
  'na-south-1': 'Mexico',
  'eu-central-1': 'Germany (Frankfurt)',
  'eu-west-1': 'UK (London)',
  'eu-west-2': 'France (Paris)',
  'me-east-1': 'UAE (Dubai)',
  'me-central-1': 'SAU (Riyadh)',
};

export const regionIds: readonly string[] = Object.keys(names);

export function isRegion(regionId: string): boolean {
  return Object.hasOwn(names, regionId);
}

/** The call's region. Throws if it is missing or unknown; most actions use status 404, some 400. */
export function regionOf(call: ApiCall, status: 400 | 404 = 404): string {
  const regionId = given(call, 'RegionId');
  if (regionId === undefined) throw missingParameter('RegionId');
  if (!isRegion(regionId)) {
    throw new ApiError(status, 'InvalidRegionId.NotFound', 'The specified RegionId does not exist.');
  }
  return regionId;
}

export function describeRegions(): ApiAnswer {
  const regions = Object.entries(names).map(([id, name]) => {
    const endpoint = id === 'cn-hangzhou' ? 'ecs-cn-hangzhou.aliyuncs.com' : `ecs.${id}.aliyuncs.com`;
    return { RegionId: id, RegionEndpoint: endpoint, LocalName: name, Status: 'available' };
  });
  return { Regions: { Region: regions } };
}
