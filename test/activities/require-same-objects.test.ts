import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requireSameObjects } from '../../activities/require-same-objects.js';
import { createOss } from '../../alibaba/oss.js';
import type { ImportPlan } from '../../domain/plan.js';
import { containerOf } from '../../images/convert/decision.js';
import { activityRunner, FakeCloud, REQUEST } from '../support/activities/distribution-cloud.js';
import { inspectionOf } from '../support/activities/upload/inspections.js';
import { BUCKET, diskOf } from '../support/activities/upload/upload-runner.js';
import { type Recorder, startRecorder } from '../support/alibaba/oss-recorder.js';

const { signal } = new AbortController();
const content = randomBytes(1024);
let bucket: Recorder;

beforeEach(async () => {
  bucket = await startRecorder();
  bucket.objects.set('there.raw', content);
});

afterEach(async () => {
  await bucket.close();
});

async function check(version: (current: string) => string) {
  const { deps } = activityRunner(new FakeCloud());
  const oss = createOss({
    ...{ endpoint: bucket.endpoint, region: REQUEST.region },
    credentials: async () => ({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }),
  });
  const object = await oss.headObject(BUCKET, 'there.raw');
  const current = `oss://${BUCKET}/there.raw ${object?.etag} ${object?.crc64} ${content.length}`;
  const inspected = { version: version(current), container: containerOf(inspectionOf()) };
  const disk = diskOf(1, { kind: 'object', bucket: BUCKET, key: 'there.raw' }, content.length);
  const unknown = { architecture: null, bootMode: null, platform: null, osType: null, nvmeSupport: null };
  const plan: ImportPlan = { accountId: '1', disks: [{ ...disk, inspected }], ...unknown };
  const request = { ...REQUEST, disks: [{ source: `oss://${BUCKET}/there.raw` }] };
  await requireSameObjects({ ...deps, cloud: { ...deps.cloud, oss: () => oss } }, request, plan, signal);
}

test('an object that is the inspected one → ImportImage may be called', async () => {
  await check((current) => current);
});

test('an object that was replaced after its inspection → the upload phase is repeated, which inspects it again', async () => {
  await expect(check((current) => current.replace(' E ', ' D '))).rejects.toMatchObject({
    failure: { code: 'Source.Changed', repeatFrom: 'upload', field: 'disks[0].source' },
  });
});
