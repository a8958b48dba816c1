/** Batches in a test database: stores them, claims their items, and ends their imports. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type BatchSettings, takeInBatch } from '../../../batches/take-in.js';
import { newBatchId } from '../../../domain/batch/names.js';
import { newImportId } from '../../../domain/ids.js';
import { openIntake } from '../../../store/batch-intake.js';
import type { PageChoice } from '../../../store/batch-pages.js';
import { createBatchStore } from '../../../store/batches.js';
import { createImportStore } from '../../../store/imports.js';
import type { TestDatabase } from './test-database.js';

interface Item {
  readonly imageName: string;
  readonly region?: string;
  readonly bucket?: string;
  readonly account?: string;
  readonly priority?: number;
}

export function names(count: number, of: Partial<Item> = {}): readonly Item[] {
  return Array.from({ length: count }, (_, index) => ({ imageName: `web-${of.region ?? ''}${index + 1}`, ...of }));
}

export function batchCalls(database: () => TestDatabase) {
  async function take(items: readonly Item[], settings: Partial<BatchSettings> = {}) {
    const id = newBatchId(Date.now(), randomBytes(10));
    const lines = items.map(({ imageName, region = 'cn-hangzhou', bucket = 'bucket-1', account, priority }) =>
      JSON.stringify({
        account,
        imageName,
        region,
        disks: [{ source: `oss://${bucket}/disk.qcow2` }],
        upload: { bucket },
        priority,
      }),
    );
    async function* body() {
      yield Buffer.from(lines.join('\n'));
    }
    const taken = await takeInBatch(
      await openIntake(database().pool),
      {
        id,
        format: 'jsonl',
        header: { name: randomUUID() },
        skipInvalid: false,
        base: null,
        idempotencyKey: null,
        workerHost: 'host-1',
        ...settings,
      },
      body(),
    );
    return { id, taken };
  }

  async function page(...choice: Parameters<typeof takePage>) {
    return (await takePage(...choice)).items;
  }

  function takePage(batchId: string, number: number, room: number, limits: Partial<PageChoice> = {}) {
    return createBatchStore(database().pool).takePage({
      batchId,
      page: number,
      importIds: Array.from({ length: room }, () => newImportId(Date.now(), randomBytes(10))),
      fresh: Number.MAX_SAFE_INTEGER,
      perRegion: null,
      perBucket: null,
      regionRoom: {},
      ...limits,
    });
  }

  async function namesOf(items: readonly { readonly importId: string }[]): Promise<readonly string[]> {
    const imports = createImportStore(database().pool);
    return Promise.all(items.map(async ({ importId }) => (await imports.get(importId))?.request.imageName ?? ''));
  }

  async function end(importId: string, state: 'succeeded' | 'failed') {
    const error =
      state === 'failed'
        ? { code: 'Bad', message: `bad ${importId}`, remedy: 'Fix it.', requestId: null, phase: 'import' as const }
        : null;
    await createImportStore(database().pool).finish({ importId, version: 1_000_000, phase: 'done' }, state, error);
  }

  return { take, page, takePage, namesOf, end };
}
