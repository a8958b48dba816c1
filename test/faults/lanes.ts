/**
 * Lanes: isolated sets of resources for concurrent imports. Each lane has a separate region, bucket, region for copies and role,
 * so that a fault applies only to the calls of one import.
 */
import { KNOWN_REGIONS } from '../../domain/request/vocabulary.js';
import { isRegion } from '../../emulator/ecs/regions.js';
import { type Call, type Lane, ownPolicyOf } from './scenarios.js';

export type { Lane } from './scenarios.js';

export const LANES: readonly Lane[] = makeLanes();
export const LANE_BUCKETS = LANES.map(({ bucket, region }) => `${bucket}@${region}`);

/** The lane at an index; a negative index counts from the end. */
export function laneAt(index: number): Lane {
  const lane = LANES.at(index);
  if (lane === undefined) throw new Error(`there is no lane ${index} of ${LANES.length}`);
  return lane;
}

function makeLanes(): readonly Lane[] {
  const regions = KNOWN_REGIONS.filter(isRegion);
  const half = Math.floor(regions.length / 2);
  return regions.slice(0, half).flatMap((region, index) => {
    const copyRegion = regions[half + index];
    return copyRegion === undefined ? [] : [{ region, copyRegion, bucket: `matrix-${region}` }];
  });
}

/** Calls without a region, role or bucket: only one import at a time can run with such a fault. */
export function isShared({ service, action }: Call): boolean {
  return service === 'sts' || action === 'DescribeRegions';
}

export function matchOf(call: Call, lane: Lane, roleName: string): Readonly<Record<string, string>> {
  const { by } = call;
  return { ...whose(call, lane, roleName), ...(by === undefined ? {} : { [by.param]: by.value }) };
}

/** RAM calls with a policy and without a role. */
const OF_POLICIES = ['CreatePolicy', 'GetPolicy'];

/** The parameter that identifies a call of this lane. */
function whose(call: Call, lane: Lane, roleName: string): Readonly<Record<string, string>> {
  if (isShared(call)) return {};
  if (call.service === 'oss') return { bucket: lane.bucket };
  if (call.service === 'ecs') return { RegionId: call.atCopy ? lane.copyRegion : lane.region };
  return OF_POLICIES.includes(call.action) ? ownPolicyOf(lane.bucket) : { RoleName: roleName };
}
