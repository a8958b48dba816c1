/** What an operator sees of imports in Temporal: lists by search attribute, summaries, current details, heartbeats, identities. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importWorkflowId } from '../../domain/ids.js';
import { programVersion } from '../../store/program-version.js';
import { BUCKET, DEMO_IMAGE, REGION, type Service, startService } from '../support/e2e/service.js';
import { payloadOptionsOf } from '../support/temporal/payload-options.js';

let service: Service;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  service = await startService({ env: { ECS_IMPORT_BATCH_LOOK_MS: '100', ECS_IMPORT_BATCH_GATHER_MS: '200' } });
  connection = await Connection.connect(service.temporalConnection());
  client = new Client({ connection, ...(await payloadOptionsOf(service.dataDir)) });
});
afterAll(async () => {
  await connection?.close();
  await service?.stop();
});

/** The IDs of the workflows that a query finds. */
async function found(query: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
  return ids;
}

const DETAILS = '__temporal_workflow_metadata';

test('an import that stops → is found by region, bucket, name, state and code, and shows the fix', async () => {
  // The longest name, in characters of three bytes: its summary must not exceed Temporal's limit.
  const imageName = `镜像${'像'.repeat(126)}`;
  const id = await service.start({ role: 'verify', imageName });
  await service.untilState(id, 'attention');
  const own = `EcsImportName="${imageName}"`;
  const { code = '' } = (await service.get(id)).attention ?? {};
  for (const clause of [
    `EcsImportRegion="${REGION}" AND EcsImportBucket="${BUCKET}" AND ${own}`,
    `EcsImportState="attention" AND EcsImportCode="${code}" AND ${own}`,
  ]) {
    await expect.poll(() => found(clause)).toEqual([importWorkflowId(id)]);
  }
  const handle = client.workflow.getHandle(importWorkflowId(id));
  const description = await handle.describe();
  expect(await description.staticSummary()).toMatch(/^镜像像+…?$|→/);
  expect(await description.staticDetails()).toContain(REGION);
  const shown = JSON.stringify(await handle.query(DETAILS));
  expect(shown).toContain(code);
  expect(shown).toContain(`ecs-image-import resume ${id}`);

  await service.request('POST', `/v1/imports/${id}/cancel`);
  await service.untilState(id, 'cancelled');
  await expect.poll(() => found(`EcsImportState="cancelled" AND ${own}`)).toEqual([importWorkflowId(id)]);
  expect(await found(`EcsImportCode="${code}" AND ${own}`)).toEqual([]);
});

test('a failed item of a batch → is found by its batch, and each activity names the worker that ran it', async () => {
  const imageName = 'too-short';
  await service.settings({
    failImports: [{ code: 'InvalidImageFormat.Malformed', message: 'The image is broken.', imageName }],
  });
  const disk = { source: `file://${DEMO_IMAGE}` };
  const answer = await service.request('POST', '/v1/batches', {
    name: 'shown',
    defaults: { region: REGION, upload: { bucket: BUCKET, prefix: 'imports/' }, disks: [disk] },
    items: [{ imageName }, { imageName: 'fine' }],
    policy: { checkFirst: false },
  });
  expect(answer.status).toBe(202);
  const { id } = answer.body;
  await expect.poll(async () => (await service.request('GET', `/v1/batches/${id}`)).body.state).toBe('failed');
  await expect.poll(() => found(`EcsImportBatch="${id}" AND WorkflowType="importImage"`)).toHaveLength(2);
  await expect.poll(() => found(`EcsImportBatch="${id}" AND EcsImportState="failed"`)).toHaveLength(2);
  const [failed = ''] = await found(`EcsImportName="${imageName}" AND EcsImportState="failed"`);
  expect(await found(`EcsImportName="${imageName}" AND EcsImportCode="InvalidImageFormat.Malformed"`)).toEqual([
    failed,
  ]);

  const { events } = await client.workflow.getHandle(failed).fetchHistory();
  const identities = (events ?? []).flatMap(
    ({ activityTaskStartedEventAttributes: started }) => started?.identity ?? [],
  );
  expect(identities.length).toBeGreaterThan(0);
  for (const identity of identities) expect(identity).toContain(`/${programVersion()}/`);
  const summaries = (events ?? []).filter(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) => {
    return scheduled !== undefined && scheduled !== null && userMetadata?.summary == null;
  });
  expect(summaries).toEqual([]);
});
