/** The object of an import whose bucket retains objects: it stays only if the request keeps it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCloud } from '../../alibaba/create-cloud.js';
import type { LedgerEntry } from '../../domain/ledger.js';
import { type Keeping, removeObject } from '../../resources/object.js';
import { activityRunner, FakeCloud } from '../support/activities/distribution-cloud.js';
import { ACCOUNT_KEYS, BUCKET, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';
import { send } from '../support/emulator/oss-clients.js';

const KEY = 'imports/imp-1/disk-1.raw';
const ENTRY: LedgerEntry<'object'> = {
  ...{ kind: 'object', key: `oss://${BUCKET}/${KEY}`, regionId: REGION, status: 'created' },
  ...{ createdAt: '', updatedAt: '' },
  detail: { location: { bucket: BUCKET, key: KEY }, size: 1, crc64: '1', usedBy: null },
};

let local: LocalCloud;

beforeEach(async () => {
  local = await startCloud();
  local.makeBucket(BUCKET);
  await local.putObject(KEY, Buffer.alloc(1));
});
afterEach(() => local.close());

async function remove(keep: Keeping, entry: LedgerEntry<'object'> = ENTRY): Promise<string | undefined> {
  const runner = activityRunner(new FakeCloud());
  const endpoints = { oss: `http://${local.address}` };
  const deps = { ...runner.deps, cloud: createCloud({ endpoints, credentials: async () => ACCOUNT_KEYS }) };
  const work = {
    importId: 'imp-1',
    version: 1,
    phase: 'cleanup',
    log: () => undefined,
    sleep: async () => undefined,
  } as const;
  await removeObject(deps, work, entry, keep);
  return runner.ledger.at(-1)?.status;
}
const exists = () => local.world.objects.has(`${BUCKET}/${KEY}`);

test.each(['no', 'if-retained'] as const)('a bucket without retention, keep: %s → removed', async (keep) => {
  expect(await remove(keep)).toBe('removed');
  expect(exists()).toBe(false);
});

test('keep: yes → kept, and the older versions are removed', async () => {
  local.setVersioning(BUCKET, 'Enabled');
  for (const body of ['1', '2']) await send(local, { method: 'PUT', key: KEY, body });
  expect(await remove('yes')).toBe('kept');
  expect([exists(), local.world.versions.size]).toEqual([true, 0]);
});

test('a retained object that the request does not keep → attention that offers to keep it', async () => {
  local.retain(BUCKET, 30);
  await expect(remove('no')).rejects.toMatchObject({ failure: { code: 'FileImmutable', class: 'attention' } });
});

test('a retained object of a cancelled import whose request keeps it → kept', async () => {
  local.retain(BUCKET, 30);
  expect(await remove('if-retained')).toBe('kept');
  expect(await remove('yes', { ...ENTRY, status: 'intended' })).toBe('kept');
});
