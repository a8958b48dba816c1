/** All actions of ECS that are emulated. */
import type { ApiAction } from '../rpc-call.js';
import { imageActions } from './images.js';
import { importActions } from './import-image.js';
import { describeRegions } from './regions.js';
import { taskActions } from './tasks.js';

export const ecsActions: Readonly<Record<string, ApiAction>> = {
  ...importActions,
  ...taskActions,
  ...imageActions,
  DescribeRegions: { run: describeRegions },
};
