/** Payloads become encrypted, keys are rotated and keys are lost while imports run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importWorkflowId } from '../../domain/ids.js';
import { payloadKeysFile, rotatePayloadKeys } from '../../local/supervisor/payload-keys-file.js';
import { openKeyring } from '../../temporal/keyring.js';
import { KEY_FIELD } from '../../temporal/payload-codec.js';
import { BUCKET, DEMO_IMAGE, REGION, type Service, startService } from '../support/e2e/service.js';

const dataDir = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-e2e-'));
const file = payloadKeysFile(dataDir);
let service: Service;
/** Of the time before payloads were encrypted. */
let waiting: string;
let paused: string;

const toAttention = async () => {
  const id = await service.start({ role: 'verify', roleName: `missing-${waitingImports++}` });
  await service.untilState(id, 'attention');
  return id;
};
let waitingImports = 0;
const resume = (id: string) => service.request('POST', `/v1/imports/${id}/resume`, { set: { role: 'ensure' } });
const ended = async (id: string) => (await service.untilState(id, 'succeeded', 'failed', 'cancelled')).state;

/** The key of the workflow's input; undefined: it is plain. */
async function keyOf(id: string): Promise<string | undefined> {
  const connection = await Connection.connect(service.temporalConnection());
  const { history } = await connection.workflowService.getWorkflowExecutionHistory({
    ...{ namespace: 'default', execution: { workflowId: importWorkflowId(id) } },
  });
  await connection.close();
  const [payload] = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const key = payload?.metadata?.[KEY_FIELD];
  return key === undefined ? undefined : Buffer.from(key).toString();
}
const current = async () => (await openKeyring({ kind: 'file', name: 'KEYS', file })).current().id;

beforeAll(async () => {
  service = await startService({ dataDir, encrypts: false });
  waiting = await toAttention();
  const { body } = await service.request('POST', '/v1/batches', {
    ...{ name: 'old', policy: { concurrency: 1 } },
    defaults: { region: REGION, disks: [{ source: `file://${DEMO_IMAGE}` }], upload: { bucket: BUCKET, prefix: 'b/' } },
    items: [{ imageName: 'old-1' }, { imageName: 'old-2' }],
  });
  paused = body.id;
  await service.request('POST', `/v1/batches/${paused}/pause`, {});
  expect(await keyOf(waiting)).toBeUndefined();
  await service.stop({ keepData: true });
  service = await startService({ dataDir });
});
afterAll(async () => {
  await service?.stop({ keepData: true });
  rmSync(dataDir, { recursive: true, force: true });
});

test('an import and a batch from before payloads were encrypted → continue and succeed', async () => {
  await resume(waiting);
  await service.request('POST', `/v1/batches/${paused}/resume`, {});
  expect(await ended(waiting)).toBe('succeeded');
  const batch = async () => (await service.request('GET', `/v1/batches/${paused}`)).body.state;
  await expect.poll(batch, { timeout: 120_000 }).toBe('succeeded');
});

test('a rotation while an import runs → it continues, and later imports use the new key; no process restarts', async () => {
  const [id, old] = [await toAttention(), await current()];
  const pids = service.stack.parts().map(({ pid }) => pid);
  const key = await rotatePayloadKeys(dataDir);
  expect([await keyOf(id), await current()]).toEqual([old, key]);
  const latest = async () => keyOf(await service.start({ dryRun: true }));
  await expect.poll(latest, { timeout: 60_000, interval: 1_000 }).toBe(key);
  await resume(id);
  expect(await ended(id)).toBe('succeeded');
  expect(service.stack.parts().map(({ pid }) => pid)).toEqual(pids);
});

test('a key that is missing → the import stops for attention with its name, and continues when the key is back', async () => {
  const id = await toAttention();
  const key = await keyOf(id);
  const keys = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    keys
      .split('\n')
      .filter((line) => !line.startsWith(`${key}:`))
      .join('\n'),
  );
  service.kill('worker');
  // The worker starts without the key.
  await expect
    .poll(() => service.logOf('worker').some((line) => line.includes(`key ${key} is missing`)), { timeout: 60_000 })
    .toBe(true);
  await resume(id);
  const stopped = await service.until(id, ({ attention }) => attention?.code === 'Payload.KeyMissing');
  expect(stopped.attention?.message).toContain(`has no payload key ${key}`);
  writeFileSync(file, keys);
  expect(await ended(id)).toBe('succeeded');
});
