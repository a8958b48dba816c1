/** ECS: copies, sharing, detection, tags. */
import type { Assumption } from './entry.js';

export const COPIES = [
  {
    id: 'copy-unknown-image',
    assumed: 'CopyImage of an image that does not exist answers InvalidImageId.NotFound and creates nothing.',
    source: 'Reference of CopyImage (2021).',
    checkedBy: 'hand',
    steps: [
      'aliyun ecs CopyImage --RegionId REGION --ImageId m-nosuchimage --DestinationRegionId OTHER-REGION --DestinationImageName check',
    ],
    otherwise: 'The check of the permission ecs:CopyImage in doctor reads “not verified”, with the code.',
  },
] as const satisfies readonly Assumption[];
