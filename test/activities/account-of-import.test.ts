/** Activities work in the account of their import, or stop for attention: what an account contains is never taken for removed. */
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { createActivities } from '../../activities/index.js';
import { createCloudAccounts } from '../../alibaba/account-clients.js';
import type { Ending, StepInput } from '../../domain/plan.js';
import { activityRunner, FakeCloud, memoryStore } from '../support/activities/distribution-cloud.js';
import { acceptedWith } from '../support/domain/requests.js';
import { OTHER } from '../support/emulator/other-account.js';

const CANCELLED: Ending = { outcome: 'cancelled', error: null, keepImage: false };
const input: StepInput = {
  importId: 'imp-1',
  step: 1,
  attempt: 1,
  request: acceptedWith({ account: 'other', disks: [{ source: 'oss://images/web.raw', format: 'RAW' }] }),
};
const step = { importId: 'imp-1', version: 1_000_000, phase: 'preflight' } as const;

function activitiesWith(configured: readonly (typeof OTHER)[]) {
  const record = memoryStore();
  const runner = activityRunner(new FakeCloud(), record);
  const { cloud, watchers } = runner.deps;
  const accounts = createCloudAccounts({
    cloud: { endpoints: {}, credentials: () => Promise.reject(new Error('no call to the cloud is expected')) },
    ...{ accounts: configured, host: 'worker-1' },
    equip: () => ({ cloud, watchers }),
  });
  return { ...runner, record, activities: createActivities({ ...runner.deps, accounts }) };
}

async function failureOf(attempt: Promise<unknown>) {
  const error: unknown = await attempt.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApplicationFailure)) throw new Error(`not a failure of an activity: ${String(error)}`);
  return { type: error.type, nonRetryable: error.nonRetryable, details: error.details?.[0] };
}

test('the worker does not know the account → preflight stops for attention and is not retried', async () => {
  const { activities, run } = activitiesWith([]);
  expect(await failureOf(run(activities.preflight, input))).toMatchObject({
    ...{ type: 'attention', nonRetryable: true, details: { code: 'Account.Unknown', class: 'attention' } },
  });
});

test('the account is removed while resources exist → the cleanup stops and names them; without resources it ends', async () => {
  const { activities, run, record } = activitiesWith([]);
  expect(await run(activities.cleanUp, input, CANCELLED)).toBe('cancelled');
  const detail = { imageId: 'm-1', taskId: 't-1', clientToken: 'token' };
  await record.store.recordImage(
    step,
    { kind: 'image', key: 'web-01', regionId: 'cn-hangzhou', status: 'created', detail },
    null,
  );
  expect(await failureOf(run(activities.cleanUp, input, CANCELLED))).toMatchObject({
    type: 'attention',
    details: {
      code: 'Account.Unknown',
      message: expect.stringContaining('m-1'),
      remedy: expect.stringContaining('remove them manually in account other'),
    },
  });
  expect(record.ledger).toMatchObject([{ status: 'created' }]);
});

test('the name stands for another account than when the import began → its steps stop for attention', async () => {
  const { activities, run, record } = activitiesWith([OTHER]);
  await record.store.recordFact(step, { kind: 'account', accountId: '3000000000000003' });
  expect(await failureOf(run(activities.preflight, input))).toMatchObject({ details: { code: 'Account.Changed' } });
});
