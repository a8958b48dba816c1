/** One import with the real processes. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DEMO_IMAGE, requestFor, type Service, startService } from '../support/e2e/service.js';
import { MIB, promptingBootSector, raw } from '../support/emulator/made-disks.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

const DECIMAL = expect.stringMatching(/^[0-9]+$/);

async function reportOf(id: string) {
  return (await service.request('GET', `/v1/imports/${id}/report`, undefined, { accept: 'application/json' })).body;
}

describe('an import', () => {
  test('ends with one available image, the findings of the cloud, and an empty bucket', async () => {
    const id = await service.start();
    const view = await service.untilState(id, 'succeeded', 'failed');
    expect(view.error).toBeNull();
    expect(view).toMatchObject({ state: 'succeeded', phase: 'done', attention: null });
    const cloud = await service.state();
    expect(cloud.images).toMatchObject([{ imageId: view.image?.imageId, status: 'Available' }]);
    expect(cloud.objects).toEqual([]);
    expect(cloud.uploads).toEqual([]);
    expect(view.findings.some((finding) => finding.source === 'cloud')).toBe(true);
    expect(view.timeline.map((entry) => entry.phase)).toEqual([
      'accepted',
      'preflight',
      'role',
      'upload',
      'import',
      'detection',
      'cleanup',
      'done',
    ]);
    expect(view.timeline.every((entry) => entry.endedAt !== null)).toBe(true);
    const ledger = Object.fromEntries(view.ledger.map((entry) => [entry.kind, entry.status]));
    expect(ledger).toMatchObject({
      image: 'kept',
      object: 'removed',
      'multipart-upload': 'removed',
      task: 'removed',
      role: 'kept',
    });
  });

  test('with keepObject keeps the uploaded object', async () => {
    const id = await service.start({ upload: { bucket: 'test-bucket', prefix: 'imports/', keepObject: true } });
    const view = await service.untilState(id, 'succeeded', 'failed');
    expect(view.state).toBe('succeeded');
    expect((await service.state()).objects).toHaveLength(1);
    // The request has no digest, so that the file was not read for one. The CRC-64 identifies the object.
    expect((await reportOf(id)).sources).toMatchObject([{ sha256: null, crc64: DECIMAL }]);
  });

  test('reports account, requester, sources, settings, shares and request IDs', async () => {
    const distribute = { regions: ['cn-beijing'], shareWith: ['1000000000000002'] };
    const sender = { 'user-agent': 'audit/1.0', 'x-ecs-import-user': 'ada%40host' };
    const sha256 = createHash('sha256').update(readFileSync(DEMO_IMAGE)).digest('hex');
    const disks = [{ source: `file://${DEMO_IMAGE}`, sha256 }];
    const started = await service.request(
      'POST',
      '/v1/imports',
      requestFor({ disks, distribute, tags: { team: 'web' } }),
      sender,
    );
    const { id } = started.body;
    const view = await service.untilState(id, 'succeeded', 'failed');
    const report = await reportOf(id);
    expect(report).toMatchObject({
      ...{ id, state: 'succeeded', accountId: '1000000000000001' },
      startedBy: { client: 'audit/1.0', user: 'ada@host', identity: 'local' },
      settings: { imageName: view.request.imageName, tags: { team: 'web' } },
      sources: [{ disk: 1, sha256, objectBytes: expect.any(Number), crc64: DECIMAL }],
    });
    expect(report.shares.map(({ regionId }: { regionId: string }) => regionId).sort()).toEqual([
      'cn-beijing',
      'cn-hangzhou',
    ]);
    const calls: readonly { service: string; action: string; requestId: string }[] = report.calls;
    expect(calls.every(({ requestId }) => requestId !== '')).toBe(true);
    expect(calls.map(({ service: of, action }) => `${of}.${action}`)).toEqual(
      expect.arrayContaining([
        ...['ram.CreateRole', 'ram.AttachPolicyToRole', 'oss.InitiateMultipartUpload', 'oss.CompleteMultipartUpload'],
        ...[
          'ecs.ImportImage',
          'ecs.CopyImage',
          'ecs.TagResources',
          'ecs.ModifyImageSharePermission',
          'oss.DeleteObject',
        ],
      ]),
    );
    const created = view.ledger.filter(({ kind }) => kind === 'image' || kind === 'copy');
    expect(created.map(({ detail }) => detail.requestId)).toEqual([expect.any(String), expect.any(String)]);
    const events = report.events.filter(
      ({ detail }: { detail: { requestId?: string } }) => detail.requestId !== undefined,
    );
    expect(events).toHaveLength(2);
  });

  test('of an object in the bucket uses it, and keeps it there', async () => {
    const first = await service.start({ upload: { bucket: 'test-bucket', prefix: 'imports/', keepObject: true } });
    await service.untilState(first, 'succeeded');
    const [object] = (await service.state()).objects;
    const id = await service.start({ disks: [{ source: `oss://test-bucket/${object?.key}` }] });
    expect(await service.untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded' });
    expect((await service.state()).objects).toHaveLength(1);
    expect((await service.state()).images).toHaveLength(2);
  });

  test('with dryRun checks everything and creates nothing', async () => {
    const id = await service.start({ dryRun: true });
    expect(await service.untilState(id, 'succeeded', 'failed')).toMatchObject({
      state: 'succeeded',
      image: null,
      ledger: [],
    });
    expect(await service.state()).toMatchObject({ images: [], objects: [], tasks: [] });
  });

  test('with a lost ImportImage response creates one image', async () => {
    await service.fault({ service: 'ecs', action: 'ImportImage', kind: 'reset-after', times: 1 });
    const id = await service.start();
    const view = await service.untilState(id, 'succeeded', 'failed');
    expect(view.state).toBe('succeeded');
    const cloud = await service.state();
    expect(cloud.images).toMatchObject([{ imageId: view.image?.imageId }]);
  });

  test('whose image the cloud fails to create fails with the cloud’s reason, and leaves nothing behind', async () => {
    await service.settings({ failImports: [{ code: 'InvalidImage.BadBootSector', message: 'no boot sector' }] });
    const id = await service.start();
    const view = await service.untilState(id, 'succeeded', 'failed');
    await service.settings({ failImports: [] });
    expect(view).toMatchObject({ state: 'failed', image: null, error: { phase: 'import' } });
    expect(view.error?.message).toContain('no boot sector');
    expect(await service.state()).toMatchObject({ images: [], objects: [], uploads: [] });
  });

  test('stays under 45 events of history', async () => {
    const id = await service.start();
    await service.untilState(id, 'succeeded');
    const connection = await Connection.connect(service.temporalConnection());
    const described = await connection.workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId: `import/${id}` },
    });
    await connection.close();
    expect(Number(described.workflowExecutionInfo?.historyLength)).toBeLessThanOrEqual(45);
  });
});

describe('a request', () => {
  test('with several problems is rejected with all of them', async () => {
    const answer = await service.request(
      'POST',
      '/v1/imports',
      requestFor({ imageName: '1', architecture: 'sparc', disks: [] }),
    );
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const paths = answer.body.errors.map((error: { path: string }) => error.path);
    expect(paths).toEqual(expect.arrayContaining(['imageName', 'architecture', 'disks']));
  });

  test('sent twice with one Idempotency-Key creates one import; another body with that key is rejected', async () => {
    const body = requestFor({ dryRun: true });
    const headers = { 'idempotency-key': `key-${process.pid}-${Date.now()}` };
    const first = await service.request('POST', '/v1/imports', body, headers);
    const again = await service.request('POST', '/v1/imports', body, headers);
    const other = await service.request('POST', '/v1/imports', requestFor(), headers);
    expect([first.status, again.status, other.status]).toEqual([202, 202, 422]);
    expect(again.body.id).toBe(first.body.id);
    await service.untilState(first.body.id, 'succeeded');
  });

  test.each([
    ['a missing file', { disks: [{ source: 'file:///nowhere/at/all.qcow2' }] }, 'Source.NotFound'],
    ['a directory', { disks: [{ source: 'file:///tmp' }] }, 'Source.NotAFile'],
    ['an unknown bucket', { upload: { bucket: 'no-such-bucket', prefix: '' } }, 'NoSuchBucket'],
    ['a missing object', { disks: [{ source: 'oss://test-bucket/none.qcow2' }] }, 'InvalidOSSObject.NotFound'],
  ])('for %s fails in preflight with a remedy, and creates nothing', async (_, changes, code) => {
    const id = await service.start(changes);
    const view = await service.untilState(id, 'failed', 'succeeded', 'attention');
    expect(view).toMatchObject({ state: 'failed', error: { phase: 'preflight' } });
    expect(view.error?.code).toContain(code);
    expect(view.error?.remedy).not.toBe('');
    expect(view.ledger).toEqual([]);
  });

  test('for an existing image name is rejected, and the other image is kept', async () => {
    const first = await service.start({ imageName: 'taken-name' });
    await service.untilState(first, 'succeeded');
    const second = await service.start({ imageName: 'taken-name' });
    const view = await service.untilState(second, 'failed', 'succeeded');
    expect(view.error?.code).toBe('InvalidImageName.Duplicated');
    expect((await service.state()).images).toHaveLength(1);
  });

  test('with bootCheck boots in QEMU before the upload, and keeps the log and the last screen', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-source-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const image = path.join(folder, 'prompting.raw');
    writeFileSync(image, raw(MIB, promptingBootSector()));
    const disks = [{ source: `file://${image}` }];
    const id = await service.start({ disks, dryRun: true, inspection: { bootCheck: true, failOn: 'never' } });
    const view = await service.untilState(id, 'succeeded', 'failed');
    expect(view.error).toBeNull();
    expect(view.findings.find(({ code }) => code === 'ECSIMPORT.BootCheck')).toMatchObject({
      severity: 'info',
      disk: 1,
    });
    const { body } = await service.request('GET', `/v1/imports/${id}/files`);
    expect(body).toMatchObject({
      files: [{ name: 'boot-check.log' }, { name: 'boot-check.png', contentType: 'image/png' }],
    });
    const log = await service.send(`/v1/imports/${id}/files/boot-check.log`);
    expect(await log.text()).toContain('made login:');
    expect((await service.request('GET', `/v1/imports/${id}/files/none`)).status).toBe(404);
  });

  test('for an unknown ID returns 404', async () => {
    expect((await service.request('GET', '/v1/imports/imp-nothing')).status).toBe(404);
    expect((await service.request('POST', '/v1/imports/imp-nothing/cancel', {})).status).toBe(404);
  });
});
