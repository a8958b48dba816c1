/** Whether the account of a request is configured. The rule depends on the installation, so it is not part of the schema. */
import { nearest } from './nearest.js';
import { givenText } from './problems.js';
import type { RequestProblem } from './request.js';

/** @param known the names in the configuration of this process; null if the request may use the account */
export function accountProblem(account: string | undefined, known: readonly string[] = []): RequestProblem | null {
  if (account === undefined || known.includes(account)) return null;
  const meant = nearest(account, known);
  const fix =
    known.length === 0
      ? 'no accounts are configured: remove the field, or set ECS_IMPORT_ACCOUNTS'
      : meant === null
        ? 'use a configured account, remove the field, or add it to ECS_IMPORT_ACCOUNTS'
        : `did you mean ${meant}?`;
  const message = `account ${account} is not configured: ${fix}`;
  return { path: 'account', rule: 'account.known', given: givenText(account), message, vendorCode: null };
}
