/** Batches with the real processes. */
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BatchItemView, BatchState, BatchView } from '../../domain/batch/batch.js';
import { batchWorkflowId } from '../../domain/batch/names.js';
import { run } from '../support/cli/run-cli.js';
import { BUCKET, REGION, type Service, startService } from '../support/e2e/service.js';

/** A few kilobytes, because these tests are about number, not size. */
const SMALL_IMAGE = pathToFileURL(path.resolve(import.meta.dirname, '../images/fixtures/ext4.qcow2')).href;

let service: Service;

beforeAll(async () => {
  service = await startService({
    env: { ECS_IMPORT_BATCH_LOOK_MS: '100', ECS_IMPORT_BATCH_GATHER_MS: '200', ECS_IMPORT_MAX_UPLOADS: '8' },
  });
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

function document(count: number, more: Readonly<Record<string, unknown>> = {}) {
  const name = randomUUID();
  return {
    name,
    defaults: {
      region: REGION,
      disks: [{ source: SMALL_IMAGE }],
      upload: { bucket: BUCKET, prefix: 'imports/' },
      detection: { failOn: 'never' },
    },
    items: Array.from({ length: count }, (_, index) => ({ imageName: `${imageName(index)}` })),
    ...more,
  };
}

function imageName(index: number): string {
  return `fleet-${String(index + 1).padStart(4, '0')}`;
}

async function create(body: unknown): Promise<string> {
  const answer = await service.request('POST', '/v1/batches', body);
  if (answer.status !== 202) throw new Error(`POST /v1/batches: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}

async function send(id: string, what: string, body: unknown = {}): Promise<BatchView> {
  const answer = await service.request('POST', `/v1/batches/${id}/${what}`, body);
  if (answer.status >= 300) throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function until(id: string, seen: (view: BatchView) => boolean): Promise<BatchView> {
  for (let polls = 0; ; polls++) {
    const view: BatchView | null = await service
      .request('GET', `/v1/batches/${id}`)
      .then(({ body }) => body)
      .catch(() => null);
    if (view !== null && seen(view)) return view;
    if (view !== null && view.state === 'failed')
      throw new Error(`batch ${id} failed: ${JSON.stringify(view.failures)}`);
    if (polls > 1_500) throw new Error(`batch ${id} did not reach the expected state: ${JSON.stringify(view)}`);
    await sleep(200);
  }
}

/** Also where the batch failed. */
async function waitUntilEnded(id: string): Promise<BatchView> {
  return await vi.waitFor(
    async () => {
      const { body } = await service.request('GET', `/v1/batches/${id}`);
      expect(body.endedAt, JSON.stringify(body.counts)).not.toBeNull();
      return body;
    },
    { timeout: 180_000, interval: 100 },
  );
}

async function untilAttempt(id: string, attempt: number): Promise<void> {
  await vi.waitFor(
    async () => expect((await items(id)).map((item) => item.attempt)).toEqual([attempt, attempt, attempt]),
    { timeout: 180_000, interval: 100 },
  );
}

const untilState = (id: string, ...states: readonly BatchState[]) => until(id, (view) => states.includes(view.state));

async function items(id: string): Promise<readonly BatchItemView[]> {
  return (await service.request('GET', `/v1/batches/${id}/items?limit=1000`)).body.items;
}

async function imageNames(): Promise<readonly string[]> {
  return (await service.state()).images.map((image) => image.imageName).sort();
}

describe('a batch', () => {
  test('with processes killed meanwhile → one image of every item, and no other resources', async () => {
    const count = 120;
    const id = await create(document(count, { policy: { concurrency: 50 } }));
    await until(id, (view) => view.counts.succeeded >= 30);
    service.kill('worker');
    await until(id, (view) => view.counts.succeeded >= 60);
    service.kill('api');
    service.kill('worker');
    await until(id, (view) => view.counts.succeeded >= 90);
    service.kill('worker');
    const view = await untilState(id, 'succeeded', 'failed', 'cancelled');
    expect(view.failures).toEqual([]);
    expect(view).toMatchObject({ state: 'succeeded', counts: { total: count, succeeded: count } });
    expect(await imageNames()).toEqual(Array.from({ length: count }, (_, index) => imageName(index)));
    expect(await service.state()).toMatchObject({ objects: [], uploads: [] });
    const ended = await items(id);
    expect(ended.every((item) => item.attempt === 1 && item.imageId !== null)).toBe(true);
    expect(new Set(ended.map((item) => item.importId)).size).toBe(count);
  }, 600_000);

  test('of 100 items for a missing bucket → starts nothing and reports it once; continues when the bucket exists', async () => {
    const bucket = `late-${randomUUID().slice(0, 8)}`;
    const { defaults } = document(0);
    const id = await create({ ...document(100), defaults: { ...defaults, upload: { bucket } } });
    const held = await untilState(id, 'attention', 'failed');
    expect(held).toMatchObject({
      state: 'attention',
      attention: { code: 'NoSuchBucket', message: expect.stringContaining(bucket) },
      policy: { canary: [5], errorBudget: '5%', errorBudgetAfter: 20 },
      counts: { total: 100, waiting: 100 },
    });
    await send(id, 'resume');
    await until(id, (view) => view.state === 'attention' && view.updatedAt > held.updatedAt);
    expect((await items(id)).every((item) => item.importId === null)).toBe(true);
    await service.makeBucket(bucket);
    await send(id, 'resume');
    await until(id, ({ counts }) => counts.succeeded >= 10);
    await send(id, 'cancel');
    expect(await untilState(id, 'cancelled', 'failed')).toMatchObject({ counts: { failed: 0, attention: 0 } });
  }, 180_000);

  test('with a failed canary → starts nothing more, and continues after a retry', async () => {
    await service.settings({ failImports: [{ code: 'BadImage', message: 'no boot sector', imageName: imageName(1) }] });
    const id = await create(document(8, { policy: { canary: 2 } }));
    const stopped = await untilState(id, 'attention', 'failed', 'succeeded');
    expect(stopped).toMatchObject({
      state: 'attention',
      attention: { code: 'Batch.CanaryFailed' },
      counts: { succeeded: 1, failed: 1, waiting: 6 },
      failures: [{ count: 1 }],
    });
    await service.settings({ failImports: [] });
    await send(id, 'retry');
    expect(await untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded', counts: { succeeded: 8 } });
    expect((await items(id)).map((item) => item.attempt)).toEqual([1, 2, 1, 1, 1, 1, 1, 1]);
  });

  test('ended with failed items → a retry starts a new attempt of each, and the batch ends again, every time', async () => {
    await service.settings({ failImports: [{ code: 'BadImage', message: 'no boot sector', imageName: 'fleet-000' }] });
    const id = await create(document(3));
    const ended = () => waitUntilEnded(id);
    expect(await ended()).toMatchObject({ state: 'failed', counts: { failed: 3 } });
    for (const attempt of [2, 3]) {
      await send(id, 'retry');
      await untilAttempt(id, attempt);
      expect(await ended()).toMatchObject({ state: 'failed', counts: { failed: 3 } });
    }
    await service.settings({ failImports: [] });
    await send(id, 'retry');
    await untilAttempt(id, 4);
    expect(await ended()).toMatchObject({ state: 'succeeded', counts: { succeeded: 3 } });
  });

  test('with an exhausted error budget → stops; resume ignores the earlier failures', async () => {
    await service.settings({ failImports: [{ code: 'BadImage', message: 'no boot sector', imageName: 'fleet-000' }] });
    const id = await create(document(14, { policy: { errorBudget: 2, concurrency: 3 } }));
    const stopped = await untilState(id, 'attention', 'failed', 'succeeded');
    expect(stopped).toMatchObject({ state: 'attention', attention: { code: 'Batch.ErrorBudgetSpent' } });
    expect(stopped.counts.waiting).toBeGreaterThan(0);
    await service.settings({ failImports: [] });
    await send(id, 'resume');
    const ended = await untilState(id, 'succeeded', 'failed');
    expect(ended.counts.succeeded + ended.counts.failed).toBe(14);
    expect(ended.state).toBe('failed');
  });

  test('→ can be paused, accepts a new policy while it runs, and rejects an invalid one', async () => {
    await service.settings({ importSeconds: 1 });
    const id = await create(document(12, { policy: { concurrency: 2 } }));
    await until(id, (view) => view.counts.running > 0);
    await send(id, 'pause');
    const paused = await until(id, (view) => view.state === 'paused' && view.counts.running === 0);
    expect(paused.counts.waiting).toBeGreaterThan(0);
    const wrong = await service.request('POST', `/v1/batches/${id}/policy`, { concurrency: 0 });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ path: 'policy.concurrency' }] } });
    expect(await send(id, 'policy', { concurrency: 12 })).toMatchObject({
      policy: { concurrency: 12 },
      state: 'paused',
    });
    await send(id, 'resume');
    await until(id, (view) => view.counts.running > 2);
    expect(await untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded' });
  });

  test('that is cancelled → cancels running imports and leaves no resources', async () => {
    await service.settings({ importSeconds: 60 });
    const id = await create(document(10, { policy: { concurrency: 4 } }));
    await until(id, (view) => (view.phases.import ?? 0) >= 4);
    await send(id, 'cancel');
    const view = await untilState(id, 'cancelled', 'succeeded', 'failed');
    expect(view).toMatchObject({ state: 'cancelled', counts: { cancelled: 10 } });
    expect(await service.state()).toMatchObject({ images: [], objects: [], uploads: [] });
    expect((await service.request('POST', `/v1/batches/${id}/pause`, {})).status).toBe(409);
  });

  test('that is cancelled with running: finish → keeps the images of running imports', async () => {
    await service.settings({ importSeconds: 1 });
    const id = await create(document(10, { policy: { concurrency: 3 } }));
    await until(id, (view) => view.counts.running === 3);
    await send(id, 'cancel', { running: 'finish' });
    const view = await untilState(id, 'cancelled', 'succeeded', 'failed');
    expect(view.counts.succeeded).toBeGreaterThanOrEqual(3);
    expect(view.counts.cancelled).toBe(10 - view.counts.succeeded);
    expect(await imageNames()).toHaveLength(view.counts.succeeded);
  });

  test('→ groups stopped imports by cause, and one resume continues all of a cause', async () => {
    // Long enough that the rejected imports have stopped before the others end.
    await service.settings({ quotaImages: 3, importSeconds: 3 });
    const id = await create(document(9, { policy: { concurrency: 6 } }));
    const stopped = await until(id, (view) => view.counts.succeeded === 3 && view.waitsFor !== null);
    expect(stopped.counts).toMatchObject({ attention: 3, running: 0, waiting: 3 });
    expect(stopped.attentions).toMatchObject([{ code: 'QuotaExceed.Image', count: 3 }]);
    expect(stopped.waitsFor).toMatchObject({ code: 'Batch.ImageQuota' });
    await service.settings({ quotaImages: 100 });
    await send(id, 'resume', { cause: 'QuotaExceed.Image' });
    expect(await untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded', counts: { succeeded: 9 } });
  });

  test('with an image quota in the policy → starts no more imports than the quota of the region', async () => {
    const id = await create(document(6, { policy: { imageQuota: 4 } }));
    const held = await until(id, (view) => view.counts.succeeded === 4 && view.waitsFor !== null);
    expect(held).toMatchObject({ waitsFor: { code: 'Batch.ImageQuota' }, counts: { waiting: 2, attention: 0 } });
    await send(id, 'policy', { imageQuota: null });
    expect(await untilState(id, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded' });
  });

  test('→ a single import that is started later is not delayed', async () => {
    await service.settings({ importSeconds: 0.2 });
    const id = await create(document(30, { policy: { concurrency: 10 } }));
    await until(id, (view) => view.counts.running > 0);
    const single = await service.start({ disks: [{ source: SMALL_IMAGE }], detection: { failOn: 'never' } });
    await service.untilState(single, 'succeeded');
    expect((await service.request('GET', `/v1/batches/${id}`)).body.counts.waiting).toBeGreaterThan(0);
    await untilState(id, 'succeeded');
  });

  test('→ is reported as Markdown, JSON and CSV, and its imports are ordinary imports', async () => {
    const sender = { 'user-agent': 'audit/1.0', 'x-ecs-import-user': 'ada%40host' };
    const { id } = (await service.request('POST', '/v1/batches', document(3), sender)).body;
    const { createdBy } = await untilState(id, 'succeeded');
    expect(createdBy).toEqual({ client: 'audit/1.0', user: 'ada@host', identity: 'local' });
    const text = async (format: string) => (await service.send(`/v1/batches/${id}/report?format=${format}`)).text();
    expect(await text('markdown')).toContain(`| 3 | 1 | succeeded | ${REGION} | fleet-0003 |`);
    expect(await text('markdown')).toContain('ada@host, audit/1.0');
    expect((await text('csv')).split('\r\n')).toHaveLength(5);
    expect(JSON.parse(await text('json'))).toMatchObject({ id, items: [{ item: 1 }, { item: 2 }, { item: 3 }] });
    const { body } = await service.request('GET', `/v1/imports?batch=${id}`);
    expect(body.imports).toHaveLength(3);
    expect(body.imports[0]).toMatchObject({ state: 'succeeded', phase: 'done' });
  });
});

describe('a batch file', () => {
  test('with invalid items → rejected with all invalid lines, and nothing starts', async () => {
    const answer = await service.send(`/v1/batches?name=${randomUUID()}`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: `imageName,source,bucket,region\ngood-name,oss://${BUCKET}/x.qcow2,${BUCKET},${REGION}\n1,oss://b/x.qcow2,${BUCKET},${REGION}\nok,,,\n`,
    });
    expect(answer.status).toBe(400);
    const problem = JSON.parse(await answer.text());
    expect(problem).toMatchObject({ badItemCount: 2, badItems: [{ line: 3 }, { line: 4 }] });
  });

  test('sent twice → one batch', async () => {
    const body = document(1, { policy: { schedule: null } });
    const first = await create(body);
    expect(await create(body)).toBe(first);
    await untilState(first, 'succeeded');
    expect(await imageNames()).toHaveLength(1);
  });
});

describe('on the command line a batch', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-batch-'));
    cpSync(fileURLToPath(SMALL_IMAGE), path.join(folder, 'disk.qcow2'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const batch = (...args: readonly string[]) => run(['batch', ...args], service.cliEnv);
  function file(name: string, lines: readonly string[]): string {
    const whole = path.join(folder, name);
    writeFileSync(whole, `${lines.join('\n')}\n`);
    return whole;
  }

  test('of a CSV file with relative paths → watched to its end, shown, listed and reported', async () => {
    const csv = file('fleet.csv', [
      `# name: ${randomUUID()}`,
      '# policy: { canary: 1 }',
      'name,source',
      'cli-1,disk.qcow2',
      'cli-2,./disk.qcow2',
    ]);
    const defaults = [`region=${REGION}`, `upload.bucket=${BUCKET}`, 'detection.failOn=never'];
    const args = [csv, ...defaults.flatMap((one) => ['--default', one]), '--policy', 'concurrency=7'];
    const made = await batch('create', ...args, '--watch', '--json');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const view: BatchView = JSON.parse(made.stdout);
    expect(view).toMatchObject({
      state: 'succeeded',
      policy: { canary: [1], concurrency: 7 },
      counts: { succeeded: 2 },
    });
    expect((await batch('create', ...args, '--json')).stdout).toContain(view.id);
    expect((await batch('status', view.id)).stdout).toContain('succeeded: 2/2 ended');
    expect((await batch('list')).stdout).toContain(view.name);
    expect((await batch('report', view.id, '--format', 'csv')).stdout.trim().split('\r\n')).toHaveLength(3);
    expect(await batch('pause', view.id)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('already ended as succeeded'),
    });
  });

  test('with invalid items → rejected with the line of each, exit code 2', async () => {
    const yaml = file('bad.yaml', [
      'defaults: { region: cn-hangzhou, upload: { bucket: b-1 } }',
      'items:',
      '  - { imageName: "1", disks: [{ source: disk.qcow2 }] }',
      '  - imageName: fine-name',
      '  - { imageName: fine-too, disks: [{ source: disk.qcow2 }], colour: red }',
    ]);
    const refused = await batch('create', yaml);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/items\[0\]\.imageName: line 3: /);
    expect(refused.stderr).toMatch(/items\[1\]\.disks: line 4: /);
    expect(refused.stderr).toMatch(/items\[2\]\.colour: line 5: /);
    expect(await batch('create', path.join(folder, 'none.csv'))).toMatchObject({ code: 2 });
    expect(await batch('create', path.join(folder, 'disk.qcow2'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--format'),
    });
  });

  test('in attention → ends the watch with exit code 3 and a remedy', async () => {
    await service.settings({ failImports: [{ code: 'BadImage', message: 'no boot sector' }] });
    const jsonl = file('bad.jsonl', [
      JSON.stringify({ batch: { policy: { canary: 1 }, defaults: { region: REGION, upload: { bucket: BUCKET } } } }),
      ...['a-1', 'a-2'].map((imageName) =>
        JSON.stringify({ imageName, disks: [{ source: 'disk.qcow2' }], detection: { failOn: 'never' } }),
      ),
    ]);
    const watched = await batch('create', jsonl, '--name', randomUUID(), '--watch');
    await service.settings({ failImports: [] });
    expect(watched.code).toBe(3);
    expect(watched.stdout).toMatch(/action required: 1 of the first 1 imports failed/);
    const id = /batch (bat-\w+)/.exec(watched.stdout)?.[1] ?? '';
    expect(await batch('retry', id)).toMatchObject({ code: 0 });
    expect((await untilState(id, 'succeeded', 'failed')).state).toBe('succeeded');
  });
});

describe('a cancel through Temporal’s own interface', () => {
  /** As sent by `temporal workflow cancel` and the Temporal UI. */
  async function cancelWorkflow(batchId: string): Promise<void> {
    const connection = await Connection.connect(service.temporalConnection());
    try {
      await new Client({ connection }).workflow.getHandle(batchWorkflowId(batchId)).cancel();
    } finally {
      await connection.close();
    }
  }

  test('of a running batch → the batch and its imports end cancelled', async () => {
    await service.settings({ importSeconds: 600 });
    const id = await create(document(6, { policy: { concurrency: 2 } }));
    await until(id, (view) => view.counts.running === 2);
    await cancelWorkflow(id);
    const view = await untilState(id, 'cancelled');
    expect(view.counts).toMatchObject({ cancelled: 6, running: 0, waiting: 0 });
    expect(await imageNames()).toEqual([]);
  });

  test('of a paused batch → the batch ends cancelled', async () => {
    await service.settings({ importSeconds: 600 });
    const id = await create(document(4, { policy: { concurrency: 1 } }));
    await until(id, (view) => view.counts.running === 1);
    await send(id, 'pause');
    await untilState(id, 'paused');
    await cancelWorkflow(id);
    const view = await untilState(id, 'cancelled');
    expect(view.counts).toMatchObject({ cancelled: 4, running: 0, waiting: 0 });
  });
});
