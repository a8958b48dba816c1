/**
 * Sandboxes: isolated sets of resources for concurrent imports. Each sandbox has a separate region, bucket, region for copies and role,
 * so that a fault applies only to the calls of one import.
 */
import { KNOWN_REGIONS } from '../../domain/request/vocabulary.js';
import { isRegion } from '../../emulator/ecs/regions.js';
import { type Call, ownPolicyOf, type Sandbox, SCENARIOS, type ScenarioName } from './scenarios.js';

export type { Sandbox } from './scenarios.js';

export const SANDBOXES: readonly Sandbox[] = makeSandboxes();
export const SANDBOX_BUCKETS = SANDBOXES.flatMap(({ bucket, region }) => [
  `${bucket}@${region}`,
  `${versioned(bucket)}@${region}:versioned`,
]);

/** Each sandbox has a second bucket, which is versioned. */
function versioned(bucket: string): string {
  return `${bucket}-v`;
}

export function bucketOf(scenario: ScenarioName, { bucket }: Sandbox): string {
  return SCENARIOS[scenario].versioned ? versioned(bucket) : bucket;
}

/** The sandbox at an index; a negative index counts from the end. */
export function sandboxAt(index: number): Sandbox {
  const sandbox = SANDBOXES.at(index);
  if (sandbox === undefined) throw new Error(`there is no sandbox ${index} of ${SANDBOXES.length}`);
  return sandbox;
}

function makeSandboxes(): readonly Sandbox[] {
  const regions = KNOWN_REGIONS.filter(isRegion);
  const half = Math.floor(regions.length / 2);
  return regions.slice(0, half).flatMap((region, index) => {
    const copyRegion = regions[half + index];
    return copyRegion === undefined ? [] : [{ region, copyRegion, bucket: `matrix-${region}` }];
  });
}

/** Calls without a region, role or bucket: only one import at a time can run with such a fault. */
export function isShared({ service, action }: Call): boolean {
  return service === 'sts' || action === 'DescribeRegions' || action === 'DeleteSnapshot';
}

export function matchOf(call: Call, sandbox: Sandbox, roleName: string): Readonly<Record<string, string>> {
  const { by } = call;
  return { ...whose(call, sandbox, roleName), ...(by === undefined ? {} : { [by.param]: by.value }) };
}

/** RAM calls with a policy and without a role. */
const OF_POLICIES = ['CreatePolicy', 'GetPolicy'];

/** The parameter that identifies a call of this sandbox. */
function whose(call: Call, sandbox: Sandbox, roleName: string): Readonly<Record<string, string>> {
  if (isShared(call)) return {};
  if (call.service === 'oss') return { bucket: bucketOf(call.scenario, sandbox) };
  if (call.service === 'ecs' || call.service === 'resourcesharing')
    return { RegionId: call.atCopy ? sandbox.copyRegion : sandbox.region };
  if (call.service === 'quotas') return { 'Dimensions.1.Value': call.atCopy ? sandbox.copyRegion : sandbox.region };
  return OF_POLICIES.includes(call.action) ? ownPolicyOf(sandbox.bucket) : { RoleName: roleName };
}
