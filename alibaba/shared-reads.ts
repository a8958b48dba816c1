/**
 * Reads whose answer is the same for all imports of a worker (who we are, regions, a bucket, the role) are asked once for
 * those that start together. Only answers are shared, never failures, and none for longer than a moment: what somebody
 * changes in the account, the next import sees. The role is shared only among those that ask nearly at once: an import
 * that took a role for granted which is gone would stop for a person, although it may make the role itself.
 */
import type { Cloud, OssApi, RoleOutcome } from './cloud.js';

/** Less than a person, or a test, needs to take a role away after an import has seen it. */
const NEARLY_AT_ONCE_MS = 300;

export function createSharedReads(cloud: Cloud, momentMs: number): Cloud {
  const answers = new Map<string, { readonly answer: Promise<unknown>; readonly untilMs: number }>();

  function shared<T>(
    key: string,
    read: () => Promise<T>,
    forMs = momentMs,
    isWorthKeeping: (answer: T) => boolean = () => true,
  ): Promise<T> {
    const now = Date.now();
    const known = answers.get(key);
    // Every key is used by one caller below, with one type.
    if (known !== undefined && now < known.untilMs) return known.answer as Promise<T>;
    const answer = read();
    answers.set(key, { answer, untilMs: now + forMs });
    const forget = () => {
      if (answers.get(key)?.answer === answer) answers.delete(key);
    };
    answer.then((value) => isWorthKeeping(value) || forget(), forget);
    return answer;
  }

  return {
    ecs(region) {
      const ecs = cloud.ecs(region);
      return { ...ecs, describeRegions: () => shared(`regions ${region}`, () => ecs.describeRegions()) };
    },
    oss(region): OssApi {
      const oss = cloud.oss(region);
      return { ...oss, getBucket: (name) => shared(`bucket ${region} ${name}`, () => oss.getBucket(name)) };
    },
    ram: {
      setUpImportRole: (input) =>
        shared(`role ${JSON.stringify(input)}`, () => cloud.ram.setUpImportRole(input), NEARLY_AT_ONCE_MS, madeNothing),
    },
    sts: { getCallerIdentity: () => shared('caller', () => cloud.sts.getCallerIdentity()) },
  };
}

/** What was just made, those that asked together note in their ledgers; who comes later finds it there. */
function madeNothing({ madeRole, madePolicies, attachedPolicies }: RoleOutcome): boolean {
  return !madeRole && madePolicies.length === 0 && attachedPolicies.length === 0;
}
