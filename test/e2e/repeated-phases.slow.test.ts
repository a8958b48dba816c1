/** Phases that run again: what they made was deleted from outside, or a resume needs them to repair the cause. */
import { DeleteRoleRequest, DetachPolicyFromRoleRequest } from '@alicloud/ram20150501';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { importWorkflowId } from '../../domain/ids.js';
import { violations } from '../faults/judge.js';
import { BUCKET, REGION, type Service, startService } from '../support/e2e/service.js';
import { ACCOUNT_KEYS } from '../support/emulator/local-cloud.js';
import { ramClient } from '../support/emulator/vendor-sdk.js';

const ROLE = 'AliyunECSImageImportDefaultRole';

let service: Service;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  service = await startService();
  await service.learnNoLimits();
  connection = await Connection.connect(service.temporalConnection());
  client = new Client({ connection });
});
afterAll(async () => {
  await connection?.close();
  await service?.stop();
});
beforeEach(() => service.resetCloud());

const cancel = (id: string) => service.request('POST', `/v1/imports/${id}/cancel`, {});
const resume = (id: string, set: object = {}) => service.request('POST', `/v1/imports/${id}/resume`, { set });
const isImporting = (id: string) => service.until(id, ({ phase, image }) => phase === 'import' && image !== null);
const orphans = async () => (await service.request('POST', '/v1/orphans', {})).body;

async function deleteObjects(bucket = BUCKET): Promise<void> {
  const { objects } = await service.state();
  for (const { key } of objects.filter((object) => object.bucket === bucket)) await service.oss(bucket).delete(key);
}

async function expectNothingLeft(id: string): Promise<void> {
  const view = await service.get(id);
  expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
}

/** While it lasts, ImportImage is refused before it has an effect. */
const importImageIsAway = () =>
  service.fault({
    service: 'ecs',
    action: 'ImportImage',
    kind: 'http',
    status: 503,
    code: 'ServiceUnavailable',
    times: -1,
  });

describe('an uploaded object that is deleted', () => {
  test('before ImportImage → is uploaded again, and the import succeeds', async () => {
    const away = await importImageIsAway();
    const id = await service.start();
    await service.until(id, ({ phase }) => phase === 'import');
    await deleteObjects();
    await service.endFault(away);
    expect((await service.untilState(id, 'succeeded', 'failed', 'attention')).state).toBe('succeeded');
    await expectNothingLeft(id);
  });

  test('or replaced while the cloud imports it → is uploaded again, and one image results', async () => {
    await service.settings({ importSeconds: 600 });
    const id = await service.start();
    const first = (await isImporting(id)).image?.imageId;
    const [object] = (await service.state()).objects;
    await service.put(BUCKET, object?.key ?? '', 'another content');
    await service.until(id, ({ image }) => image !== null && image.imageId !== first);
    await service.settings({ importSeconds: 0.3 });
    await deleteObjects();
    const { state } = await service.untilState(id, 'succeeded', 'failed', 'attention');
    expect(state).toBe('succeeded');
    expect((await service.state()).images.filter(({ status }) => status === 'Available')).toHaveLength(1);
    await expectNothingLeft(id);
  });

  test('each time → the import fails after three more uploads, and nothing remains', async () => {
    await service.settings({ importSeconds: 600 });
    const id = await service.start();
    let last: string | undefined;
    for (let uploads = 0; uploads < 4; uploads++) {
      const { image } = await service.until(id, ({ image: now }) => now !== null && now.imageId !== last);
      last = image?.imageId;
      await deleteObjects();
    }
    const { state, error } = await service.untilState(id, 'succeeded', 'failed', 'attention');
    expect({ state, code: error?.code }).toEqual({ state: 'failed', code: 'InvalidOSSObject.NotFound' });
    expect(error?.message).toContain('was deleted or replaced after the upload');
    await expectNothingLeft(id);
  });
});

describe('a bucket that is deleted during an import', () => {
  const lose = async (bucket: string) => {
    await deleteObjects(bucket);
    await service.oss(bucket).deleteBucket(bucket);
  };

  test.each(['cancelled', 'failed'] as const)('→ the import ends %s, and orphans lists nothing', async (end) => {
    const bucket = `lost-${end}`;
    await service.makeBucket(bucket);
    const away = await importImageIsAway();
    const id = await service.start({ upload: { bucket, prefix: 'a/' } });
    await service.until(id, ({ phase }) => phase === 'import');
    await lose(bucket);
    if (end === 'cancelled') expect((await cancel(id)).status).toBe(202);
    await service.endFault(away);
    const { state, ledger } = await service.untilState(id, 'succeeded', 'failed', 'cancelled', 'attention');
    expect(state).toBe(end);
    expect(ledger.filter(({ status }) => status === 'created' || status === 'intended')).toEqual([]);
    const { orphans: found, unseen } = await orphans();
    expect({ found, unseen }).toEqual({ found: [], unseen: [] });
  });
});

describe('a role that is deleted after its phase', () => {
  async function deleteRole(): Promise<void> {
    const address = new URL(service.emulatorUrl).host;
    const ram = ramClient({ address, regionId: REGION, ...ACCOUNT_KEYS });
    const policy = { policyName: 'AliyunECSImageImportRolePolicy', policyType: 'System' };
    await ram.detachPolicyFromRole(new DetachPolicyFromRoleRequest({ roleName: ROLE, ...policy }));
    await ram.deleteRole(new DeleteRoleRequest({ roleName: ROLE }));
  }

  async function stopped(changes: Record<string, unknown> = {}): Promise<string> {
    // Of a role that an import creates itself, a refusal counts as temporary for two minutes.
    await service.untilState(await service.start(), 'succeeded');
    const away = await importImageIsAway();
    const id = await service.start(changes);
    await service.until(id, ({ phase }) => phase === 'import');
    await deleteRole();
    await service.endFault(away);
    const { attention } = await service.untilState(id, 'attention', 'failed', 'succeeded');
    expect(attention?.code).toBe('NoSetRoletoECSServiceAccount');
    return id;
  }

  test('→ a resume creates it again and continues without another upload', async () => {
    const id = await stopped();
    const parts = (await service.calls('UploadPart')).length;
    expect((await resume(id)).status).toBe(202);
    expect((await service.untilState(id, 'succeeded', 'failed', 'attention')).state).toBe('succeeded');
    expect((await service.calls('UploadPart')).length).toBe(parts);
    await expectNothingLeft(id);
  });

  test('of an import with role skip → a resume that sets role to ensure creates it', async () => {
    const id = await stopped({ role: 'skip' });
    expect((await resume(id, { role: 'ensure' })).status).toBe(202);
    expect((await service.untilState(id, 'succeeded', 'failed', 'attention')).state).toBe('succeeded');
  });
});

describe('a resume in vain', () => {
  const historyOf = async (id: string) =>
    (await client.workflow.getHandle(importWorkflowId(id)).describe()).historyLength;

  /** Resumes until the workflow continues as new. */
  async function resumedInVain(id: string): Promise<void> {
    let since: string | undefined;
    for (let before = 0; ; ) {
      const { attention } = await service.until(
        id,
        (view) => view.attention !== null && view.attention.since !== since,
      );
      since = attention?.since;
      const now = await historyOf(id);
      if (now < before) return;
      before = now;
      await resume(id);
    }
  }

  test('→ the workflow continues as new, keeps its amended request, and can be resumed', async () => {
    const id = await service.start({ role: 'verify' });
    await service.untilState(id, 'attention');
    await resume(id, { description: 'amended' });
    await resumedInVain(id);
    expect(await historyOf(id)).toBeLessThan(100);
    await resume(id, { role: 'ensure' });
    const view = await service.untilState(id, 'succeeded', 'failed', 'cancelled');
    expect(view).toMatchObject({ state: 'succeeded', request: { description: 'amended', role: 'ensure' } });
    expect((await service.calls('UploadPart')).length).toBeGreaterThan(0);
    await expectNothingLeft(id);
  });

  test('of a cleanup → continues as new, and ends as the first run would have', async () => {
    const denied = await service.fault({
      service: 'oss',
      action: 'DeleteObject',
      kind: 'http',
      status: 403,
      code: 'AccessDenied',
      times: -1,
    });
    await service.settings({ importSeconds: 600 });
    const id = await service.start();
    await isImporting(id);
    await cancel(id);
    await resumedInVain(id);
    await service.endFault(denied);
    await resume(id);
    expect((await service.untilState(id, 'succeeded', 'failed', 'cancelled')).state).toBe('cancelled');
    await expectNothingLeft(id);
  });
});
