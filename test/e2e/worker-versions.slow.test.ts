/** Workers of several versions to which imports are pinned. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { importWorkflowId } from '../../domain/ids.js';
import { startExtraWorker } from '../support/e2e/extra-worker.js';
import { DEMO_IMAGE, REGION, type Service, startService } from '../support/e2e/service.js';

const PINNED = { ECS_IMPORT_WORKER_VERSIONING: 'pinned' };
const ACTIVE = { ECS_IMPORT_POLL_FIRST_MS: '100', ECS_IMPORT_POLL_MAX_MS: '500' };

let service: Service;

describe('pinned workers', () => {
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    service = await startService({
      env: { ...PINNED, ECS_IMPORT_BUILD_ID: 'v1', ECS_IMPORT_WORKER_MISSING_MS: '1500' },
    });
    await service.learnNoLimits();
    connection = await Connection.connect(service.temporalConnection());
    client = new Client({ connection });
  });
  afterAll(async () => {
    await connection?.close();
    await service?.stop();
  });

  const DEPLOYMENT = 'ecs-image-import';
  // Temporal refuses a version until its workers have polled all queues.
  const makeCurrent = (buildId: string) =>
    vi.waitFor(
      () =>
        client.workflowService.setWorkerDeploymentCurrentVersion({
          ...{ namespace: 'default', deploymentName: DEPLOYMENT, buildId },
        }),
      { timeout: 20_000, interval: 200 },
    );

  test('no worker of its version is left → attention with the command that moves it, and then it ends', async () => {
    await service.settings({ importSeconds: 0.5, detectionSeconds: 0.2 });
    // The first version is current without a command.
    const first = await service.start();
    expect((await service.untilState(first, 'succeeded', 'failed')).state).toBe('succeeded');

    const second = await startExtraWorker(service, { ...ACTIVE, ...PINNED, ECS_IMPORT_BUILD_ID: 'v2' });
    await makeCurrent('v2');
    const pinned = await service.start({ role: 'verify', roleName: 'missing-1' });
    await service.untilState(pinned, 'attention');
    await makeCurrent('v1');
    await second.end();
    await service.request('POST', `/v1/imports/${pinned}/resume`, { set: { role: 'ensure' } });
    const code = 'Worker.VersionMissing';
    const stopped = await service.until(pinned, ({ attention }) => attention?.code === code);
    expect(stopped.attention?.message).toContain(`${DEPLOYMENT}:v2`);
    expect(stopped.attention?.remedy).toContain('temporal workflow update-options');

    // What this command sends.
    await client.workflowService.updateWorkflowExecutionOptions({
      namespace: 'default',
      workflowExecution: { workflowId: importWorkflowId(pinned) },
      workflowExecutionOptions: { versioningOverride: { autoUpgrade: true } },
      updateMask: { paths: ['versioning_override'] },
    });
    const end = await service.untilState(pinned, 'succeeded', 'failed');
    expect(end.state).toBe('succeeded');
    const cloud = await service.state();
    expect(cloud.images.filter(({ regionId }) => regionId === REGION)).toHaveLength(2);
    expect(end.attention).toBeNull();

    // A workflow that is not pinned.
    const inspection = await service.request('POST', '/v1/inspections', { source: DEMO_IMAGE });
    expect(inspection).toMatchObject({ status: 200, body: { format: 'QCOW2' } });
  });
});
