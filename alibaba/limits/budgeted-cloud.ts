/** Decorates the cloud with call budgets that all workers share. Each ECS and RAM call takes from a budget, and throttling lowers it. */

import { FailureError } from '../../domain/errors/failure.js';
import type { Cloud, RamApi } from '../cloud.js';
import type { EcsApi } from '../ecs-api.js';
import type { CallBudgets, CallKey } from './call-budget.js';

/** The vendor's action of each method, and the minimum number of calls that the method makes. */
const ECS_ACTIONS: {
  readonly [Method in keyof EcsApi]: { readonly action: string; readonly calls?: CallCount<EcsApi[Method]> };
} = {
  describeRegions: { action: 'DescribeRegions' },
  dryRunImportImage: { action: 'ImportImage' },
  importImage: { action: 'ImportImage' },
  describeTasks: {
    action: 'DescribeTasks',
    calls: ({ taskIds = [], resourceIds = [] }) => pages(taskIds.length) + pages(resourceIds.length),
  },
  describeTaskAttribute: { action: 'DescribeTaskAttribute' },
  describeImages: { action: 'DescribeImages', calls: ({ imageIds }) => Math.max(1, pages(imageIds?.length ?? 1)) },
  countImages: { action: 'DescribeImages' },
  cancelTask: { action: 'CancelTask' },
  deleteImage: { action: 'DeleteImage' },
  copyImage: { action: 'CopyImage' },
  cancelCopyImage: { action: 'CancelCopyImage' },
  shareImage: { action: 'ModifyImageSharePermission', calls: (_id, accounts) => Math.ceil(accounts.length / 10) },
  unshareImage: { action: 'ModifyImageSharePermission', calls: (_id, accounts) => Math.ceil(accounts.length / 10) },
  describeSharing: { action: 'DescribeImageSharePermission' },
  dryRunShareImage: { action: 'ModifyImageSharePermission', calls: (_id, accounts) => Math.ceil(accounts.length / 10) },
  // Of another service, whose calls the budget counts under the same key.
  shareAssociations: { action: 'ListResourceShareAssociations' },
  addToShare: { action: 'AssociateResourceShare' },
  removeFromShare: { action: 'DisassociateResourceShare' },
  imageQuota: { action: 'GetProductQuota' },
  tagImage: { action: 'TagResources' },
  modifyImage: { action: 'ModifyImageAttribute' },
  moveImageToGroup: { action: 'JoinResourceGroup' },
  encryptsByDefault: { action: 'DescribeDiskEncryptionByDefaultStatus' },
  familiesOfImage: { action: 'DescribeImageSupportInstanceTypes' },
  describeFamilies: { action: 'DescribeInstanceTypeFamilies' },
  describeSnapshots: {
    action: 'DescribeSnapshots',
    calls: (filter) => ('tagKey' in filter ? 1 : pages(filter.snapshotIds.length)),
  },
  deleteSnapshot: { action: 'DeleteSnapshot' },
  tagSnapshots: { action: 'TagResources', calls: (ids) => Math.ceil(ids.length / 50) },
};

type CallCount<Method> = Method extends (...args: infer Args) => unknown ? (...args: Args) => number : never;

/** The number of calls for so many IDs: the vendor allows 100 per call. */
function pages(ids: number): number {
  return Math.ceil(ids / 100);
}

export function createBudgetedCloud(cloud: Cloud, budgets: CallBudgets): Cloud {
  async function withinBudget<T>(key: CallKey, calls: number, perform: () => Promise<T>): Promise<T> {
    await budgets.take(key, calls);
    try {
      return await perform();
    } catch (error) {
      if (error instanceof FailureError && error.failure.class === 'throttled') {
        await budgets.refused(key, error.failure.retryAfterMs ?? null);
      }
      throw error;
    }
  }

  function budgetedEcs(region: string): EcsApi {
    const ecs = cloud.ecs(region);
    const method = <Name extends keyof EcsApi>(name: Name): EcsApi[Name] => {
      const { action, calls } = ECS_ACTIONS[name];
      const perform = ecs[name] as (...args: unknown[]) => Promise<unknown>;
      const callCount = calls as ((...args: unknown[]) => number) | undefined;
      const wrapped = (...args: unknown[]) =>
        withinBudget({ service: 'ecs', region, action }, callCount?.(...args) ?? 1, () => perform.apply(ecs, args));
      return wrapped as EcsApi[Name];
    };
    const names = Object.keys(ECS_ACTIONS) as (keyof EcsApi)[];
    return Object.fromEntries(names.map((name) => [name, method(name)])) as unknown as EcsApi;
  }

  const regions = new Map<string, EcsApi>();
  const ram: RamApi = {
    // One budget for the several RAM calls that this makes.
    setUpImportRole: (input) =>
      withinBudget({ service: 'ram', region: 'global', action: 'SetUpImportRole' }, 1, () =>
        cloud.ram.setUpImportRole(input),
      ),
  };
  return {
    ecs(region) {
      const known = regions.get(region) ?? budgetedEcs(region);
      regions.set(region, known);
      return known;
    },
    oss: (region, access) => cloud.oss(region, access),
    ram,
    sts: cloud.sts,
  };
}
