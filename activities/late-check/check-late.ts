/**
 * The late check (domain/late-check.ts): removes what calls of an ended import created after its end. The sweep of orphans
 * lists what no check has reached yet.
 */
import { Context } from '@temporalio/activity';
import { createChangeLease, withChangeLease } from '../../alibaba/change-lease.js';
import { cloudWith } from '../../alibaba/cloud.js';
import { FailureError } from '../../domain/errors/failure.js';
import type { Work } from '../../resources/work.js';
import type { ImportStore } from '../../store/imports.js';
import { type LateCheck, type LateCheckResult, RENEW_CLAIM_MS } from '../../store/late-checks.js';
import { startHeartbeats } from '../heartbeat.js';
import type { LateCheckDependencies } from './context.js';
import { removeLateImages } from './late-images.js';
import { removeLateUploads } from './late-uploads.js';

/** Imports of one run; further ones are due in the next run. */
const IMPORTS_PER_RUN = 100;
const CONCURRENT_CHECKS = 10;
const LEASE_MS = 5_000;

export function createCheckLate(deps: LateCheckDependencies) {
  /** @returns the number of checked imports */
  return async function checkLate(): Promise<number> {
    const context = Context.current();
    const stopHeartbeats = startHeartbeats(context, () => undefined);
    const unsettled = new Set<LateCheck>();
    // If a renewal fails, the next one may succeed in time; otherwise another run repeats the check, and this one changes nothing.
    const renew = () => {
      if (unsettled.size > 0) deps.store.renewLateChecks([...unsettled]).catch(() => undefined);
    };
    const renewals = setInterval(renew, RENEW_CLAIM_MS);
    try {
      const checks = await deps.store.claimLateChecks(IMPORTS_PER_RUN);
      for (const check of checks) unsettled.add(check);
      for (let begun = 0; begun < checks.length; begun += CONCURRENT_CHECKS) {
        context.cancellationSignal.throwIfAborted();
        const some = checks.slice(begun, begun + CONCURRENT_CHECKS);
        await Promise.all(
          some.map(async (check) => {
            const result = await perform(deps, check, context);
            unsettled.delete(check);
            await deps.store.settleLateCheck(check, result);
          }),
        );
      }
      return checks.length;
    } finally {
      clearInterval(renewals);
      stopHeartbeats();
    }
  };
}

async function perform(deps: LateCheckDependencies, check: LateCheck, context: Context): Promise<LateCheckResult> {
  const { importId, version } = check;
  const work: Work = {
    ...{ importId, version, phase: 'done' },
    sleep: (ms) => context.sleep(ms),
    log: (message, attributes = {}) => context.log.info(message, { importId, ...attributes }),
  };
  const began = check.account === undefined ? null : (await deps.store.facts(importId)).accountId;
  const cloud = cloudWith(deps.accounts.of(check.account, began).cloud, check.access);
  const lateCheck = { deps: { ...deps, cloud, store: recordingLate(deps.store, check) }, check, work };
  const lease = createChangeLease(() => deps.store.requireLateCheck(check), LEASE_MS);
  let found = 0;
  const failures: string[] = [];
  for (const remove of [removeLateImages, removeLateUploads]) {
    try {
      found += await withChangeLease(lease, () => remove(lateCheck));
    } catch (error) {
      if (context.cancellationSignal.aborted) throw error;
      failures.push(error instanceof FailureError ? `${error.failure.code}: ${error.failure.message}` : String(error));
    }
  }
  if (found > 0) context.log.warn('resources were created after the end of their import', { importId, found });
  return { found: found > 0, failed: failures.length === 0 ? null : failures.join('; ') };
}

/** The modules of the resources write to the ledger of an ended import under the version of the check. */
function recordingLate(store: ImportStore, check: LateCheck): ImportStore {
  const record: ImportStore['recordSoon'] = (_work, entry) => store.recordLate(check, entry);
  return { ...store, record, recordSoon: record };
}
