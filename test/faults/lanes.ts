/**
 * Lanes: imports that run at once without meeting. Each has a region, a bucket, a region for copies and a role of its own,
 * so that a fault is planted for the calls of one import alone.
 */
import { KNOWN_REGIONS } from '../../domain/request/vocabulary.js';
import { isRegion } from '../../emulator/ecs/regions.js';
import { type Call, type Lane, ownPolicyOf } from './scenarios.js';

export type { Lane } from './scenarios.js';

export const LANES: readonly Lane[] = makeLanes();
export const LANE_BUCKETS = LANES.map(({ bucket, region }) => `${bucket}@${region}`);

/** The lane at a place, counted from the end where it is negative. */
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

/** Calls that name neither region nor role nor bucket: one import at a time may be under such a fault. */
export function isShared({ service, action }: Call): boolean {
  return service === 'sts' || action === 'DescribeRegions';
}

export function matchOf(call: Call, lane: Lane, roleName: string): Readonly<Record<string, string>> {
  const { by } = call;
  return { ...whose(call, lane, roleName), ...(by === undefined ? {} : { [by.param]: by.value }) };
}

/** Calls of RAM that name a policy, and no role. */
const OF_POLICIES = ['CreatePolicy', 'GetPolicy'];

/** The parameter by which a call is known to be this lane's. */
function whose(call: Call, lane: Lane, roleName: string): Readonly<Record<string, string>> {
  if (isShared(call)) return {};
  if (call.service === 'oss') return { bucket: lane.bucket };
  if (call.service === 'ecs') return { RegionId: call.atCopy ? lane.copyRegion : lane.region };
  return OF_POLICIES.includes(call.action) ? ownPolicyOf(lane.bucket) : { RoleName: roleName };
}
