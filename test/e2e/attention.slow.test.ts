/** A cause that a user can fix stops an import in attention instead of failing it; `resume` continues from the same phase. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../support/cli/run-cli.js';
import { BUCKET, type Service, startService } from '../support/e2e/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

function resume(id: string, body: Record<string, unknown> = {}) {
  return service.request('POST', `/v1/imports/${id}/resume`, body);
}

async function count(action: string): Promise<number> {
  return (await service.calls(action)).length;
}

const PRIVATE = { acl: 'private', dataRedundancyType: 'LRS', storageClass: 'Standard', timeout: 60_000 } as const;

describe('an import in attention', () => {
  test('for a missing role names it, and continues when the role may be created', async () => {
    const id = await service.start({ role: 'verify' });
    const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
    expect(stopped).toMatchObject({ state: 'attention', phase: 'role' });
    expect(stopped.attention?.remedy).toContain('AliyunECSImageImportDefaultRole');
    expect((await resume(id, { set: { role: 'ensure' } })).status).toBe(202);
    expect(await service.untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded', attention: null });
  });

  test('for a bucket of an archive class stops before a byte is sent, and continues with another bucket', async () => {
    const archive = { ...PRIVATE, storageClass: 'Archive' } as const;
    await service.oss('cold-images').putBucket('cold-images', archive);
    const id = await service.start({ upload: { bucket: 'cold-images' } });
    const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
    expect(stopped).toMatchObject({ state: 'attention', phase: 'preflight', attention: { code: 'Bucket.Archived' } });
    expect(await count('InitiateMultipartUpload')).toBe(0);
    expect((await resume(id, { set: { 'upload.bucket': BUCKET } })).status).toBe(202);
    expect(await service.untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded', attention: null });
  });

  test('for a forbidden public endpoint stops before a byte is sent, and continues at the internal endpoint', async () => {
    // Workers remember for a moment what they have read of a bucket, so it is one that no import has used.
    await service.oss('closed-images').putBucket('closed-images', PRIVATE);
    await service.settings({ account: { publicOssAllowed: false } });
    const id = await service.start({ upload: { bucket: 'closed-images' } });
    const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
    expect(stopped).toMatchObject({ phase: 'preflight', attention: { code: 'PublicEndpointForbidden' } });
    expect(stopped.attention?.remedy).toMatch(/--bucket closed-images .* set upload.endpoint to accelerate/);
    expect(await count('InitiateMultipartUpload')).toBe(0);
    expect((await resume(id, { set: { 'upload.endpoint': 'internal' } })).status).toBe(202);
    // The upload, the checks of the object and its removal, too.
    expect(await service.untilState(id, 'succeeded', 'failed', 'attention')).toMatchObject({ state: 'succeeded' });
    expect((await service.state()).objects).toEqual([]);
  });

  test('for an accelerate endpoint that the bucket does not have → continues when the request changes', async () => {
    const id = await service.start({ upload: { bucket: BUCKET, endpoint: 'accelerate' } });
    const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
    expect(stopped.attention?.code).toBe('Upload.AccelerationNotEnabled');
    expect((await resume(id, { set: { 'upload.endpoint': 'auto' } })).status).toBe(202);
    expect(await service.untilState(id, 'succeeded', 'failed', 'attention')).toMatchObject({ state: 'succeeded' });
  });

  test('for a disk outside the CloudBox → stops before it is read, with both ways out', async () => {
    const storageLocationArn = 'arn:acs:cloudbox:cn-hangzhou:1000000000000001:cloudbox/cb-1';
    const id = await service.start({ storageLocationArn });
    const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
    expect(stopped).toMatchObject({ phase: 'preflight', attention: { code: 'CloudBox.NoEndpoint' } });
    expect(stopped.attention?.remedy).toContain(
      'OSS_CLOUDBOX_ENDPOINTS=cb-1=https://cb-1.cn-hangzhou.oss-cloudbox.aliyuncs.com',
    );
    await service.request('POST', `/v1/imports/${id}/cancel`, {});
    await service.untilState(id, 'cancelled');
    expect(await count('InitiateMultipartUpload')).toBe(0);
  });

  test('for arrears stops before ImportImage, and does not repeat the upload', async () => {
    await service.settings({ account: { arrearage: true } });
    const id = await service.start();
    const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
    expect(stopped).toMatchObject({ state: 'attention', attention: { code: 'Account.Arrearage' } });
    await service.settings({ account: { arrearage: false } });
    const parts = await count('UploadPart');
    await resume(id);
    expect(await service.untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded' });
    expect(await count('UploadPart')).toBe(stopped.phase === 'import' ? parts : await count('UploadPart'));
    expect((await service.state()).images).toHaveLength(1);
  });

  test('stops again if the cause is not fixed; each resume counts once', async () => {
    const id = await service.start({ role: 'verify' });
    const first = await service.untilState(id, 'attention');
    await resume(id);
    const again = await service.until(
      id,
      (view) => view.attention !== null && view.attention.since !== first.attention?.since,
    );
    expect(again.attention?.code).toBe(first.attention?.code);
    await service.request('POST', `/v1/imports/${id}/cancel`, {});
    await service.untilState(id, 'cancelled');
  });

  test('rejects a change without effect, and lists the fields that can change', async () => {
    const id = await service.start({ role: 'verify' });
    await service.untilState(id, 'attention');
    const answer = await resume(id, { set: { region: 'cn-beijing' } });
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0]).toMatchObject({ path: 'region' });
    await service.request('POST', `/v1/imports/${id}/cancel`, {});
    await service.untilState(id, 'cancelled');
  });

  test('that is not in attention cannot be resumed', async () => {
    const id = await service.start({ dryRun: true });
    await service.untilState(id, 'succeeded');
    expect((await resume(id)).status).toBe(409);
  });
});

test('the state attention → lists the imports that require action', async () => {
  const id = await service.start({ role: 'verify', upload: { bucket: BUCKET, prefix: 'waiting/' } });
  await service.untilState(id, 'attention');
  const { body } = await service.request('GET', '/v1/imports?state=attention');
  expect(body.imports.map((view: { id: string }) => view.id)).toContain(id);
  await service.request('POST', `/v1/imports/${id}/cancel`, {});
  await service.untilState(id, 'cancelled');
});

/** Calls that a step repeats as a whole, and a poll that it repeats itself. */
test.each([
  ['role', { service: 'ram', action: 'GetRole' }],
  ['import', { service: 'ecs', action: 'DescribeTasks' }],
] as const)(
  'a cloud call in phase %s fails again and again → the error, its request and the next attempt are shown, until it passes',
  async (phase, call) => {
    const fault = await service.fault({ ...call, kind: 'http', status: 503, code: 'ServiceUnavailable', times: -1 });
    const id = await service.start();
    const { waitingFor, ...view } = await service.until(id, (now) => now.waitingFor !== null);
    expect(view).toMatchObject({ state: 'running', phase });
    expect(waitingFor).toMatchObject({ queue: null, host: null, retry: { code: 'ServiceUnavailable' } });
    const { since, nextAt, givesUpAt, requestId } = waitingFor?.retry ?? {};
    for (const part of [since, nextAt, givesUpAt, requestId]) expect(waitingFor?.message).toContain(part);
    const status = await run(['status', id], service.cliEnv);
    expect(status.stdout).toContain('retrying after ServiceUnavailable');
    await service.endFault(fault);
    expect(await service.untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded', waitingFor: null });
  },
);
