/**
 * Reads whose answer is the same for all imports of a worker (who we are, regions, a bucket, the role) are asked once for
 * those that start together. Only answers are shared, never failures, and none for longer than a moment: what somebody
 * changes in the account, the next import sees. The role is shared only among those that ask at the same time: an import
 * that took a role for granted which is gone would stop for a person, although it may make the role itself.
 */
import type { Cloud, OssApi } from '../alibaba/cloud.js';

export function createSharedReads(cloud: Cloud, momentMs: number): Cloud {
  const answers = new Map<string, { readonly answer: Promise<unknown>; readonly untilMs: number }>();

  function shared<T>(key: string, read: () => Promise<T>, keep: 'a moment' | 'while asked' = 'a moment'): Promise<T> {
    const now = Date.now();
    const known = answers.get(key);
    // Every key is used by one caller below, with one type.
    if (known !== undefined && now < known.untilMs) return known.answer as Promise<T>;
    const answer = read();
    answers.set(key, { answer, untilMs: now + momentMs });
    const forget = () => {
      if (answers.get(key)?.answer === answer) answers.delete(key);
    };
    answer.then(() => keep === 'a moment' || forget(), forget);
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
        shared(`role ${JSON.stringify(input)}`, () => cloud.ram.setUpImportRole(input), 'while asked'),
    },
    sts: { getCallerIdentity: () => shared('caller', () => cloud.sts.getCallerIdentity()) },
  };
}
