/** Preflight recognises a bucket from which the uploaded object could not be deleted, before it uploads a byte. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkProtection } from '../../activities/preflight-protection.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { leastPolicy } from '../../alibaba/least-policy.js';
import { runPreflight } from '../support/activities/preflight-runner.js';
import { acceptedWith } from '../support/domain/requests.js';
import { ACCOUNT_KEYS, BUCKET, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

let local: LocalCloud;
let source: string;

beforeEach(async () => {
  local = await startReadyCloud(raw());
  const file = path.join(local.folder, 'web-02.raw');
  await writeFile(file, raw());
  source = `file://${file}`;
});
afterEach(() => local.close());

const request = (keepObject = false) =>
  acceptedWith({
    ...{ imageName: 'web-02', osType: 'linux', inspection: { failOn: 'never' } },
    disks: [{ source, format: 'RAW', diskImageSize: 5 }],
    upload: { bucket: BUCKET, keepObject },
  });

/** Of a user with the least policy, without some of its actions. */
function findings(without: readonly string[], keepObject = false) {
  const policy = leastPolicy({
    ...{ regions: [REGION], copyTo: [], buckets: [BUCKET], role: 'skip', roleNames: [] },
    ...{ cloudBox: false, upload: true, share: false },
  });
  const Statement = policy.Statement.map((one) => ({
    ...one,
    Action: one.Action.filter((action) => !without.includes(action)),
  }));
  const keys = without.length === 0 ? ACCOUNT_KEYS : local.makeUser('worker', { ...policy, Statement });
  const oss = `http://${local.address}`;
  const cloud = createCloud({ endpoints: { oss }, credentials: async () => keys });
  return checkProtection(cloud, request(keepObject), 'imp-1');
}

test('a retention policy → stops before the upload, with another bucket and keepObject as ways out', async () => {
  local.retain(BUCKET, 30);
  const failure = await runPreflight(local, request());
  expect(failure).toMatchObject({
    ...{ code: 'Bucket.Retained', class: 'attention', field: 'upload.bucket' },
    message: `bucket ${BUCKET} retains every object for 30 days`,
    remedy: expect.stringMatching(/--set upload\.bucket=OTHER.*--set upload\.keepObject=true/),
  });
});

test('a retention policy with keepObject, or versioning with the permissions → accepted', async () => {
  local.setVersioning(BUCKET, 'Enabled');
  expect(await runPreflight(local, request())).toHaveProperty('disks');
  local.setVersioning(BUCKET, 'Suspended');
  expect(await findings([])).toEqual([]);
  local.makeBucket(BUCKET);
  local.retain(BUCKET, 30);
  expect(await runPreflight(local, request(true))).toHaveProperty('disks');
});

test('versioning without the permission to list versions → stops before the upload, and names it', async () => {
  local.setVersioning(BUCKET, 'Enabled');
  await expect(findings(['oss:ListObjectVersions'])).rejects.toMatchObject({
    failure: {
      ...{
        code: 'AccessDenied',
        class: 'attention',
        message: expect.stringContaining(`bucket ${BUCKET} is versioned`),
      },
      remedy: expect.stringContaining('oss:ListObjectVersions'),
    },
  });
});

test.each([
  [['oss:GetBucketVersioning'], false, 'denied: oss:GetBucketVersioning'],
  [['oss:GetBucketWorm'], false, 'denied: oss:GetBucketWorm'],
  [['oss:GetBucketVersioning', 'oss:GetBucketWorm'], true, 'denied: oss:GetBucketVersioning'],
])('a state that the caller may not read (%s) → a finding, never taken for fine', async (without, keep, evidence) => {
  expect(await findings(without, keep)).toMatchObject([
    { code: 'ECSIMPORT.BucketProtection', severity: 'warning', evidence },
  ]);
});

test('the checks write nothing', async () => {
  local.setVersioning(BUCKET, 'Enabled');
  await findings([]);
  const writes = local.world.journal
    .read({ service: 'oss' })
    .calls.filter(({ action }) => !/^(Get|List|Head)/.test(action));
  expect(writes).toEqual([]);
});
