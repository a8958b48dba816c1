/**
 * Caches reads with the same result for all imports of a worker (identity, regions, a bucket, the role), so that imports
 * that start together share one call. Failures are not cached, and results only briefly, so that the next import sees
 * changes in the account. The role is cached for a shorter time: an import that relies on a deleted role would stop in
 * attention, although it could create the role.
 */
import { ORDINARY_ACCESS } from '../domain/oss-access.js';
import type { Cloud, RoleOutcome } from './cloud.js';
import type { ImageQuota } from './ecs-api.js';
import type { OssApi } from './oss-api.js';

/** Shorter than a user or a test needs to delete a role after an import has checked it. */
const ROLE_CACHE_MS = 300;

export function createSharedReads(cloud: Cloud, cacheMs: number): Cloud {
  const results = new Map<string, { readonly result: Promise<unknown>; readonly untilMs: number }>();

  function shared<T>(
    key: string,
    read: () => Promise<T>,
    forMs = cacheMs,
    isCacheable: (result: T) => boolean = () => true,
  ): Promise<T> {
    const now = Date.now();
    const known = results.get(key);
    // Each key has one caller below, with one type.
    if (known !== undefined && now < known.untilMs) return known.result as Promise<T>;
    const result = read();
    results.set(key, { result, untilMs: now + forMs });
    const forget = () => {
      if (results.get(key)?.result === result) results.delete(key);
    };
    result.then((value) => isCacheable(value) || forget(), forget);
    return result;
  }

  return {
    ecs(region) {
      const ecs = cloud.ecs(region);
      return {
        ...ecs,
        describeRegions: () => shared(`regions ${region}`, () => ecs.describeRegions()),
        describeFamilies: () => shared(`families ${region}`, () => ecs.describeFamilies()),
        encryptsByDefault: () => shared(`encryption ${region}`, () => ecs.encryptsByDefault()),
        imageQuota: () => shared(`image quota ${region}`, () => ecs.imageQuota(), cacheMs, hasRoom),
      };
    },
    oss(region, access = ORDINARY_ACCESS): OssApi {
      const oss = cloud.oss(region, access);
      const place = `${region} ${access.endpoint} ${access.storageLocationArn}`;
      return {
        ...oss,
        getBucket: (name) => shared(`bucket ${place} ${name}`, () => oss.getBucket(name)),
        getProtection: (name) => shared(`protection ${place} ${name}`, () => oss.getProtection(name)),
        checkDataCalls: (name) => shared(`data calls ${place} ${name}`, () => oss.checkDataCalls(name)),
      };
    },
    ram: {
      setUpImportRole: (input) =>
        shared(`role ${JSON.stringify(input)}`, () => cloud.ram.setUpImportRole(input), ROLE_CACHE_MS, createdNothing),
    },
    sts: { getCallerIdentity: () => shared('caller', () => cloud.sts.getCallerIdentity()) },
  };
}

/** A quota that is used up is read again by the next caller: the user may have changed it. */
function hasRoom({ limit, used }: ImageQuota): boolean {
  return used === null || used < limit;
}

/** A result with created resources is shared only by concurrent callers, which record them. A later call finds them as existing. */
function createdNothing({ madeRole, madePolicies, attachedPolicies }: RoleOutcome): boolean {
  return !madeRole && madePolicies.length === 0 && attachedPolicies.length === 0;
}
