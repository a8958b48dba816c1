/** The emulated actions of ECS. */
import type { ApiAction } from '../rpc-call.js';
import { accountActions } from './account.js';
import { changeActions } from './change-image.js';
import { copyActions } from './copy-image.js';
import { imageActions } from './images.js';
import { importActions } from './import-image.js';
import { familyActions } from './instance-families.js';
import { describeRegions } from './regions.js';
import { shareActions } from './share-image.js';
import { snapshotActions } from './snapshots.js';
import { tagActions } from './tags.js';
import { taskActions } from './tasks.js';

export const ecsActions: Readonly<Record<string, ApiAction>> = {
  ...importActions,
  ...taskActions,
  ...imageActions,
  ...changeActions,
  ...copyActions,
  ...shareActions,
  ...snapshotActions,
  ...tagActions,
  ...accountActions,
  ...familyActions,
  DescribeRegions: { run: describeRegions },
};
