/** Cancel and resume of imports whose workflow was terminated. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { importWorkflowId } from '../../domain/ids.js';
import { openPool } from '../../store/database.js';
import { violations } from '../faults/judge.js';
import { run } from '../support/cli/run-cli.js';
import { type Service, startService } from '../support/e2e/service.js';

let service: Service;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  service = await startService();
  connection = await Connection.connect(service.temporalConnection());
  client = new Client({ connection });
});
afterAll(async () => {
  await connection?.close();
  await service?.stop();
});
beforeEach(() => service.resetCloud());

const cancel = (id: string, body: object = {}) => service.request('POST', `/v1/imports/${id}/cancel`, body);
const terminate = (id: string) => client.workflow.getHandle(importWorkflowId(id)).terminate('by an operator');

/** As if two minutes had passed since the start: a younger workflow may still be on its way to Temporal. */
async function age(ids: readonly string[]): Promise<void> {
  const pool = openPool({ url: service.databaseUrl(), applicationName: 'test', maxConnections: 1 });
  await pool
    .query(
      `update ecs_image_import.imports set workflow_started_at = now() - interval '2 minutes',
         updated_at = now() - interval '1 minute', workflow_checked_at = null where id = any($1)`,
      [ids],
    )
    .finally(() => pool.end());
}

describe('a cancel of an import whose workflow was terminated', () => {
  test('during ImportImage → removes image and object, and the import ends cancelled', async () => {
    await service.settings({ importSeconds: 600 });
    const id = await service.start();
    await service.until(id, ({ phase, image }) => phase === 'import' && image !== null);
    await terminate(id);
    expect((await service.get(id)).state).toBe('running');
    const answer = await cancel(id);
    expect(answer).toMatchObject({ status: 202, body: { state: 'cancelling' } });
    const view = await service.untilState(id, 'cancelled', 'failed', 'succeeded');
    expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
    expect(view).toMatchObject({ state: 'cancelled', image: null });
  });

  test('in attention → the import ends cancelled; an earlier resume is rejected and changes nothing', async () => {
    const id = await service.start({ role: 'verify' });
    await service.untilState(id, 'attention');
    await terminate(id);
    const resumed = await service.request('POST', `/v1/imports/${id}/resume`, {});
    expect(resumed).toMatchObject({ status: 409, body: { code: 'Import.WorkflowMissing' } });
    expect((await service.get(id)).state).toBe('attention');
    expect((await cancel(id)).status).toBe(202);
    expect((await service.untilState(id, 'cancelled', 'failed')).state).toBe('cancelled');
    expect((await cancel(id)).status).toBe(409);
  });
});

test('the responses to resume and cancel → the record no longer shows the stop', async () => {
  const id = await service.start({ role: 'verify' });
  await service.untilState(id, 'attention');
  service.signal('worker', 'SIGSTOP');
  try {
    const [one, other] = await Promise.all([
      service.request('POST', `/v1/imports/${id}/resume`, {}),
      service.request('POST', `/v1/imports/${id}/resume`, { set: { description: 'amended' } }),
    ]);
    expect([one.status, other.status].sort()).toEqual([202, 409]);
    expect((await service.get(id)).state).toBe('running');
    expect((await cancel(id)).status).toBe(202);
    expect((await service.get(id)).state).toBe('cancelling');
  } finally {
    service.signal('worker', 'SIGCONT');
  }
  expect((await service.untilState(id, 'cancelled', 'attention')).state).toBe('cancelled');
});

test('imports whose workflows were deleted → listed by reconcile, which changes nothing, and ended by reconcile --apply', async () => {
  await service.settings({ importSeconds: 600 });
  const ids = [await service.start(), await service.start({ role: 'verify', roleName: 'missing' })];
  await service.until(ids[0] ?? '', ({ phase, image }) => phase === 'import' && image !== null);
  await service.untilState(ids[1] ?? '', 'attention');
  for (const id of ids) {
    const { runId } = await client.workflow.getHandle(importWorkflowId(id)).describe();
    const workflowExecution = { workflowId: importWorkflowId(id), runId };
    await client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
  }
  await age(ids);
  for (const id of ids) await service.until(id, ({ attention }) => attention?.code === 'Import.WorkflowLost');
  const before = await Promise.all(ids.map(service.get));
  const env = service.cliEnv;
  const listed = await run(['reconcile'], env);
  expect(listed.code).toBe(0);
  for (const id of ids) expect(listed.stdout).toContain(id);
  expect(await Promise.all(ids.map(service.get))).toEqual(before);
  expect(await run(['reconcile', '--apply'], env)).toMatchObject({ code: 0 });
  for (const id of ids) {
    const view = await service.untilState(id, 'cancelled', 'failed', 'succeeded');
    expect(view.state).toBe('cancelled');
    expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
  }
  expect((await run(['reconcile'], env)).stdout).toContain('no import or batch is without its workflow');
});
