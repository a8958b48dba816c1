/** The format of the error catalogue: what a code means, how the service reacts, and how to fix it. */
import type { Phase } from '../import.js';
import type { FailureClass } from './failure.js';

/** `common`: returned by the gateway of ECS, RAM and STS. `network`: no response, or an unreadable one. `own`: this service's. */
export type CatalogueService = 'ecs' | 'ram' | 'sts' | 'oss' | 'common' | 'network' | 'own';

export interface CatalogueEntry {
  /** The spelling that the rest of the program uses. */
  readonly code: string;
  /** Other spellings of this code, the vendor's typing errors among them: reported as `code`. */
  readonly aliases?: readonly string[];
  /** Other codes with the same meaning; each is reported under its own name. */
  readonly also?: readonly string[];
  /**
   * The entry also covers every code that starts with this one, unless a longer entry matches: `dotted` requires a dot
   * after it, `any` does not.
   */
  readonly prefix?: 'dotted' | 'any';
  readonly meaning: string;
  /** `success`: the vendor reports it as an error, but it is not one. */
  readonly class: FailureClass | 'success';
  /** The placeholders are in placeholders.ts: `{bucket}`, `{permission}` … */
  readonly remedy: string;
  /** Of class `transient` or `throttled`: what to do when the retries do not help. The import then stops, so it ends with a period. */
  readonly lasting?: string;
  /** A change of the request that also helps, offered where it is possible: `effect` completes "resume ID --set path=value …". */
  readonly option?: { readonly path: string; readonly value: string; readonly effect: string };
  readonly link?: string;
  /** The request field that caused the error. */
  readonly field?: string;
  /** Of `attention`: the phase that repairs the cause. A resume continues there if the import stopped in a later phase. */
  readonly repairedIn?: Phase;
  /** The call may have taken effect although it failed. */
  readonly outcomeUnknown?: true;
}

const HELP = 'https://www.alibabacloud.com/help/en';

/** Pages that entries point to. */
export const LINKS = {
  importImage: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-importimage`,
  copyImage: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-copyimage`,
  shareImage: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-modifyimagesharepermission`,
  cancelTask: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-canceltask`,
  deleteSnapshot: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-deletesnapshot`,
  deleteImage: `${HELP}/ecs/developer-reference/api-ecs-2014-05-26-deleteimage`,
  idempotence: `${HELP}/ecs/developer-reference/how-to-ensure-idempotence`,
  ramRoles: `${HELP}/ram/user-guide/edit-the-trust-policy-of-a-ram-role`,
  ramPolicies: `${HELP}/ram/user-guide/grant-permissions-to-the-ram-user`,
  accessKeys: `${HELP}/ram/product-overview/quick-start-create-and-use-accesskey-pairs-for-programmatic-calls`,
  ossHelp: `${HELP}/oss/user-guide`,
  ossErrors: `${HELP}/oss/user-guide/overview-14`,
  ossRestore: `${HELP}/oss/developer-reference/restore`,
  errorCenter: 'https://api.alibabacloud.com/troubleshoot',
} as const;

/** Offered where the role of the import is missing. */
export const ENSURE_ROLE = {
  path: 'role',
  value: 'ensure',
  effect: 'to have the service create it, if its own permissions allow that',
} as const;
