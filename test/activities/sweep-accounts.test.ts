/** The orphan sweep over two accounts with images of the same name: what it finds in one, it removes there only. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSweepOrphans } from '../../activities/sweep-orphans.js';
import { createCloudAccounts } from '../../alibaba/account-clients.js';
import { IMPORT_TAG_KEY, newImportId } from '../../domain/ids.js';
import type { OrphanSweep, OrphanSweepInput } from '../../domain/process-names.js';
import type { World } from '../../emulator/world.js';
import type { OrphanSnapshot } from '../../store/orphan-snapshots.js';
import { quietEnvironment } from '../support/activities/quiet-environment.js';
import { setUpImports } from '../support/emulator/import-setup.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  importRequest,
  type Keys,
  type LocalCloud,
  REGION,
  startReadyCloud,
} from '../support/emulator/local-cloud.js';
import { aliOss } from '../support/emulator/oss-clients.js';
import { makeAssumableRole, OTHER, OTHER_ACCOUNT, OTHER_KEYS, trustOf } from '../support/emulator/other-account.js';

const UNKNOWN = newImportId(1, new Uint8Array(10));
const OTHER_BUCKET = 'other-images';

let cloud: LocalCloud;
let other: World;
let noted: OrphanSnapshot[];
let own: Keys;

beforeEach(async () => {
  cloud = await startReadyCloud(Buffer.alloc(512), { importSeconds: 0, detectionSeconds: 0, cancelSeconds: 0.05 });
  other = cloud.world.addAccount({ id: OTHER_ACCOUNT });
  await makeAssumableRole(cloud.address);
  await setUpImports(cloud.address, OTHER_KEYS, OTHER_BUCKET);
  noted = [];
  own = ACCOUNT_KEYS;
});
afterEach(() => cloud.close());

function sweep(input: Partial<OrphanSweepInput> = {}, configured = [OTHER]): Promise<OrphanSweep> {
  const url = `http://${cloud.address}`;
  const place = (account: string | null, bucket: string) => ({ account, regionId: REGION, bucket, prefix: '' });
  const activity = createSweepOrphans({
    accounts: createCloudAccounts({
      cloud: { endpoints: { ecs: url, ram: url, sts: url, oss: url }, credentials: async () => own },
      ...{ accounts: configured, host: 'worker-1' },
      equip: (one) => ({ cloud: one, watchers: { next: () => Promise.reject(new Error('nothing is watched')) } }),
    }),
    store: {
      keptByDeleted: async () => new Set<string>(),
      accountsOf: async () => ({ live: new Set(), known: new Set(), held: new Set() }),
      placesUsed: async () => ({
        regions: [null, 'other'].map((account) => ({ account, regionId: REGION })),
        folders: [place(null, BUCKET), place('other', OTHER_BUCKET)],
      }),
      orphanSnapshots: async () => noted,
      noteOrphanSnapshots: async (snapshots) => void noted.push(...snapshots),
      forgetOrphanSnapshots: async (_regionId, ids) => {
        noted = noted.filter(({ snapshotId }) => !ids.includes(snapshotId));
      },
    },
    settings: { pollIntervalMs: 20 },
  });
  return quietEnvironment().run(activity, { delete: false, foreign: false, ...input });
}

/** An image and an object of an import that no database knows, with the same names in both accounts. */
async function leaveBehind(keys: Keys, bucket: string): Promise<string> {
  await aliOss(cloud, { keys, bucket }).put(`${UNKNOWN}/disk-1.raw`, Buffer.alloc(512));
  const disk = { OSSBucket: bucket, OSSObject: `${UNKNOWN}/disk-1.raw` };
  const tag = [{ key: IMPORT_TAG_KEY, value: UNKNOWN }];
  const { body } = await cloud.ecs(keys).importImage(importRequest({ diskDeviceMapping: [disk], tag }));
  return body?.imageId ?? '';
}

test('orphans in two accounts → both are found with their account; one account can be swept alone', async () => {
  const images = [await leaveBehind(ACCOUNT_KEYS, BUCKET), await leaveBehind(OTHER_KEYS, OTHER_BUCKET)];
  const found = ({ orphans }: OrphanSweep) => orphans.map(({ account, kind, key }) => [account, kind, key]);
  expect(found(await sweep())).toEqual([
    [null, 'image', images[0]],
    [null, 'object', `oss://${BUCKET}/${UNKNOWN}/disk-1.raw`],
    ['other', 'image', images[1]],
    ['other', 'object', `oss://${OTHER_BUCKET}/${UNKNOWN}/disk-1.raw`],
  ]);
  const swept = await sweep({ delete: true, foreign: true, account: 'other' });
  expect(swept.deleted).toHaveLength(2);
  expect([other.images.size, other.objects.size, other.snapshots.size, noted]).toEqual([0, 0, 0, []]);
  expect(cloud.world.images.has(images[0] ?? '')).toBe(true);
  expect(cloud.world.objects.has(`${BUCKET}/${UNKNOWN}/disk-1.raw`)).toBe(true);
});

test('an account that was removed from the configuration → reported as not checked, and its list of snapshots is kept', async () => {
  const image = await leaveBehind(ACCOUNT_KEYS, BUCKET);
  const snapshot = { account: 'other', regionId: REGION, snapshotId: 's-1', imageId: 'm-1', importId: UNKNOWN };
  noted.push(snapshot);
  const { orphans, unseen } = await sweep({}, []);
  expect(orphans.map(({ key }) => key)).toContain(image);
  expect(unseen).toEqual([
    { key: 'account other', account: 'other', why: expect.stringMatching(/^Account\.Unknown: account other is not/) },
  ]);
  expect(noted).toEqual([snapshot]);
});

test('the role of an account is refused → its places are reported, and the other account is still swept', async () => {
  await leaveBehind(ACCOUNT_KEYS, BUCKET);
  other.roles.remove('ecs-image-import');
  const { deleted, unseen } = await sweep({ delete: true, foreign: true });
  expect(deleted).toHaveLength(2);
  expect(unseen).toContainEqual({
    ...{ key: REGION, account: 'other', why: expect.stringMatching(/^EntityNotExist\.Role: account other/) },
  });
});

test('the own credentials belong to an account that also has a name → its resources are listed once', async () => {
  const image = await leaveBehind(OTHER_KEYS, OTHER_BUCKET);
  own = OTHER_KEYS;
  const role = other.roles.get('ecs-image-import');
  const trustPolicy = trustOf(`acs:ram::${OTHER_ACCOUNT}:root`);
  if (role !== undefined) other.roles.put('ecs-image-import', { ...role, trustPolicy });
  const { orphans } = await sweep();
  expect(orphans.filter(({ key }) => key === image)).toMatchObject([{ account: null }]);
});
