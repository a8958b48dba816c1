/** What the service assumes about the cloud and has not seen there. docs/cloud.md and `doctor --verify-against-cloud` print it. */
import { ACCOUNTS } from './accounts.js';
import { BUCKETS } from './buckets.js';
import { COPIES } from './copies.js';
import { IMAGES } from './images.js';

export type { Assumption } from './entry.js';

/** In the order in which a first user checks them: what the account may do, then uploads, imports and copies. */
export const ASSUMPTIONS = [
  { title: 'Account, regions and quotas', assumptions: ACCOUNTS },
  { title: 'Buckets and objects', assumptions: BUCKETS },
  { title: 'Imports, images and snapshots', assumptions: IMAGES },
  { title: 'Copies, sharing and detection', assumptions: COPIES },
] as const;

type Listed = (typeof ASSUMPTIONS)[number]['assumptions'][number];

/** Those that `doctor --verify-against-cloud` checks by itself. */
export type VerifiedId = Extract<Listed, { readonly checkedBy: 'doctor' }>['id'];
