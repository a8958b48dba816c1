/** The shape of the error catalogue: what a code means, what the service does about it, and what a person can do. */
import type { FailureClass } from './failure.js';

/** `common`: answered by the gateway before ECS, RAM and STS alike. `network`: no answer, or one that can't be read. `own`: ours. */
export type CatalogueService = 'ecs' | 'ram' | 'sts' | 'oss' | 'common' | 'network' | 'own';

export interface CatalogueEntry {
  /** The one spelling that the rest of the program sees. */
  readonly code: string;
  /** Other spellings of this code, the vendor's typing errors among them: reported as `code`. */
  readonly aliases?: readonly string[];
  /** Other codes of which the same is to be said: each is reported as the cloud said it. */
  readonly also?: readonly string[];
  /**
   * The entry also stands for every code that begins with this one, unless a longer code fits: `dotted` for those that
   * go on with a dot, `any` however they go on.
   */
  readonly prefix?: 'dotted' | 'any';
  readonly meaning: string;
  /** `success`: the vendor reports it as an error, and it is none. */
  readonly class: FailureClass | 'success';
  /** `{permission}` stands for the RAM action that was refused, `{policy}` for the RAM policy that grants it. */
  readonly remedy: string;
  readonly link?: string;
  /** Which field of a request is to blame. */
  readonly field?: string;
  /** The call may have taken effect all the same. */
  readonly outcomeUnknown?: true;
}

const HELP = 'https://www.alibabacloud.com/help/en';

/** Pages that entries point to. */
export const LINKS = {
  importImage: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-importimage`,
  copyImage: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-copyimage`,
  shareImage: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-modifyimagesharepermission`,
  cancelTask: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-canceltask`,
  deleteImage: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-deleteimage`,
  idempotence: `${HELP}/ecs/developer-reference/how-to-ensure-idempotence`,
  ramRoles: `${HELP}/ram/user-guide/edit-the-trust-policy-of-a-ram-role`,
  ramPolicies: `${HELP}/ram/user-guide/grant-permissions-to-the-ram-user`,
  accessKeys: `${HELP}/ram/product-overview/quick-start-create-and-use-accesskey-pairs-for-programmatic-calls`,
  ossErrors: `${HELP}/oss/user-guide/overview-14`,
  ossRestore: `${HELP}/oss/developer-reference/restore`,
  errorCenter: 'https://api.alibabacloud.com/troubleshoot',
} as const;
