/** The emulated actions of RAM. */
import type { ApiAction } from '../rpc-call.js';
import { attachmentActions } from './attachments.js';
import { policyActions } from './policies.js';
import { roleActions } from './roles.js';
import { userActions } from './users.js';

export const ramActions: Readonly<Record<string, ApiAction>> = {
  ...roleActions,
  ...policyActions,
  ...attachmentActions,
  ...userActions,
};
