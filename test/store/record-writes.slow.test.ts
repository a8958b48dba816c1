/** Concurrent and late writes of the record on a real PostgreSQL: no reader misses an event, and older never replaces newer. */
import { randomUUID } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { authenticate } from '../../api/access/authenticate.js';
import { eventRoutes } from '../../api/routes/events.js';
import type { Finding } from '../../domain/import.js';
import { createBatchStore } from '../../store/batches.js';
import { createImportFiles } from '../../store/import-files.js';
import { atStartOf, createImportStore, type ImportStore } from '../../store/imports.js';
import type { StepWrite } from '../../store/step-write.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import { OPEN } from '../support/api/anonymous.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const REGION = 'cn-hangzhou';
const IMAGE = { imageId: 'm-1', regionId: REGION, taskId: 't-1' };
const WRITERS = 8;

let database: TestDatabase;
let store: ImportStore;
let importId: string;

beforeAll(async () => {
  database = await startTestDatabase();
  store = createImportStore(database.pool);
});
afterAll(() => database?.close());
beforeEach(async () => {
  importId = `imp-${randomUUID()}`;
  await store.accept({ importId, version: 1, phase: 'accepted' }, REQUEST, 'files');
});

const stepOf = (version: number, phase: StepWrite['phase'] = 'import'): StepWrite => ({ importId, version, phase });
const finding = (message: string): Finding => ({
  ...{ code: 'Guest.Test', severity: 'info', message, evidence: '', remedy: '', source: 'inspection', disk: 1 },
});
const view = async () => {
  const found = await store.get(importId);
  if (found === null) throw new Error('there is no record');
  return found;
};

describe('eight writers of one import', () => {
  /** Every kind of write that several workers or processes may do to one import at the same time. */
  const writes: readonly ((name: string) => Promise<unknown>)[] = [
    (key) => store.record(stepOf(5), { kind: 'task', key, regionId: REGION, status: 'created' }),
    (key) => store.recordImage(stepOf(5), { kind: 'image', key, regionId: REGION, status: 'created' }, IMAGE),
    (key) => store.recordCopy(stepOf(5), { kind: 'copy', key, regionId: REGION, status: 'created' }, IMAGE),
    (message) => store.replaceFindings(stepOf(5), { source: 'inspection', disk: 1 }, [finding(message)]),
    (message) => store.note(importId, message),
    // Of a superseded step: only a note.
    (key) => store.record(stepOf(1), { kind: 'task', key, regionId: REGION, status: 'created' }).catch(() => undefined),
  ];

  async function writeAll(rounds: number): Promise<void> {
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let round = 0; round < rounds; round++) {
          await writes[(writer + round) % writes.length]?.(`${writer}-${round}`);
        }
      }),
    );
  }

  /** Reads the stream in many connections, each of which continues after the last event of the one before. */
  async function readInParts(): Promise<{ readonly ids: readonly number[]; readonly connections: number }> {
    const changes: Parameters<typeof eventRoutes>[0]['changes'] = {
      subscribe(_, listener) {
        const timer = setInterval(listener, 1);
        return () => clearInterval(timer);
      },
      close: async () => undefined,
    };
    const app = new OpenAPIHono();
    app.use(authenticate(OPEN, () => false));
    app.route('/', eventRoutes({ store, changes }));
    const ids: number[] = [];
    for (let connections = 1; ; connections++) {
      const headers = ids.length === 0 ? {} : { 'Last-Event-ID': String(ids.at(-1)) };
      const aborted = new AbortController();
      const response = await app.request(`/v1/imports/${importId}/events`, { headers, signal: aborted.signal });
      let text = '';
      let isWhole = true;
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString();
        if (text.length > 30_000) {
          isWhole = false;
          break;
        }
      }
      aborted.abort();
      // A part of an event that was cut off is sent again.
      ids.push(...[...text.matchAll(/^id: (\d+)\n\n/gm)].map(([, id]) => Number(id)));
      if (isWhole) return { ids, connections };
    }
  }

  test('thousands of events, read meanwhile and resumed by Last-Event-ID → no event is lost, and none is repeated', async () => {
    await store.startPhase(stepOf(4));
    const reading = readInParts();
    await writeAll(250);
    await store.finish(stepOf(6, 'done'), 'failed', null);
    const { ids, connections } = await reading;
    const { rows } = await database.pool.query<{ id: string }>(
      'select id from ecs_image_import.events where import_id = $1 order by id',
      [importId],
    );
    expect(rows.length).toBeGreaterThan(WRITERS * 250 * 0.8);
    expect(ids).toEqual(rows.map(({ id }) => Number(id)));
    expect(connections).toBeGreaterThan(3);
  });

  test('thousands of events of eight imports, read meanwhile as one stream → no event is lost, and none is repeated', async () => {
    const { rows: before } = await database.pool.query<{ last: string }>(
      'select max(id) as last from ecs_image_import.events',
    );
    const importIds = Array.from({ length: WRITERS }, () => `imp-${randomUUID()}`);
    let isWriting = true;
    const reading = (async () => {
      const ids: number[] = [];
      let position = Number(before[0]?.last ?? 0);
      for (let isLast = false; !isLast; ) {
        // The events that were written before this read are in it.
        isLast = !isWriting;
        for (let ahead = true; ahead; ) {
          const read = await store.eventsOfAll(position, 100);
          ids.push(...read.events.map(({ id }) => id));
          ahead = read.position > position;
          ({ position } = read);
        }
      }
      return ids;
    })();
    await Promise.all(
      importIds.map(async (id) => {
        await store.accept({ importId: id, version: 1, phase: 'accepted' }, REQUEST, 'files');
        for (let round = 0; round < 250; round++) await store.note(id, String(round));
      }),
    );
    isWriting = false;
    const { rows } = await database.pool.query<{ id: string }>(
      'select id from ecs_image_import.events where import_id = any($1) order by id',
      [importIds],
    );
    expect(rows).toHaveLength(WRITERS * 250);
    expect(await reading).toEqual(rows.map(({ id }) => Number(id)));
  });

  test('a transaction of another import has a lower id and is still open → the stream waits for it', async () => {
    const position = Number(
      (await database.pool.query('select max(id) as last from ecs_image_import.events')).rows[0]?.last ?? 0,
    );
    const other = `imp-${randomUUID()}`;
    await store.accept({ importId: other, version: 1, phase: 'accepted' }, REQUEST, 'files');
    const slow = await database.pool.connect();
    const insert = `insert into ecs_image_import.events (import_id, type, phase, state, message) values ($1, 'note', 'accepted', 'running', 'slow')`;
    await slow.query('begin');
    await slow.query(insert, [other]);
    await store.note(importId, 'fast');
    let isRead = false;
    const reading = store.eventsOfAll(position).finally(() => {
      isRead = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isRead).toBe(false);
    await slow.query('commit');
    slow.release();
    expect((await reading).events.map(({ message }) => message)).toEqual(['slow', 'fast']);
  });

  test('findings of several versions at the same time → those of the newest remain, without any of the others', async () => {
    for (let round = 0; round < 30; round++) {
      const first = 10 * round + 2;
      const versions = Array.from({ length: WRITERS }, (_, index) => first + index);
      await Promise.all(
        versions.map((version) =>
          store.replaceFindings(
            stepOf(version),
            { source: 'inspection', disk: 1 },
            // Newer versions have fewer findings.
            Array.from({ length: first + WRITERS - version }, (_, index) => finding(`${version}-${index}`)),
          ),
        ),
      );
      expect((await view()).findings.map(({ message }) => message)).toEqual([`${first + WRITERS - 1}-0`]);
    }
  });
});

describe('a write of version 5 that arrives after one of version 8', () => {
  const entry = (key: string) => ({ kind: 'task', key, regionId: REGION }) as const;
  const image = { kind: 'image', key: 'web-01', regionId: REGION } as const;
  const copy = { kind: 'copy', key: 'cn-beijing/web-01', regionId: 'cn-beijing' } as const;
  const copyAs = (imageId: string) => ({ ...IMAGE, imageId, regionId: 'cn-beijing' });
  const percent = (value: number) => ({ ...atStartOf('accepted'), percent: value });
  const attention = (message: string) => ({ code: 'OSS.Test', message, remedy: 'Wait.' });

  /** @param late true: of version 5 */
  const cases: readonly (readonly [string, (step: StepWrite, late: boolean) => Promise<unknown>])[] = [
    ['record', (step, late) => store.record(step, { ...entry('t-1'), status: late ? 'created' : 'removed' })],
    [
      'recordImage',
      (step, late) => store.recordImage(step, { ...image, status: late ? 'created' : 'removed' }, late ? IMAGE : null),
    ],
    [
      'recordCopy',
      (step, late) => store.recordCopy(step, { ...copy, status: 'created' }, copyAs(late ? 'm-old' : 'm-new')),
    ],
    [
      'replaceFindings',
      (step, late) => store.replaceFindings(step, { source: 'inspection' }, [finding(late ? 'old' : 'new')]),
    ],
    ['recordFact', (step, late) => store.recordFact(step, { kind: 'account', accountId: late ? 'old' : 'new' })],
    ['progress', (step, late) => store.progress({ ...step, phase: 'accepted' }, percent(late ? 10 : 90))],
    ['attention', (step, late) => store.attention(step, attention(late ? 'old' : 'new'))],
    ['startPhase', (step, late) => store.startPhase({ ...step, phase: late ? 'upload' : 'import' })],
    ['finish', (step, late) => store.finish(step, late ? 'cancelled' : 'failed', null)],
    [
      'keep of a file',
      (step, late) =>
        createImportFiles(database.pool).keep(step, {
          ...{ name: 'boot-check.log', contentType: 'text/plain' },
          bytes: Buffer.from(late ? 'old' : 'new'),
        }),
    ],
  ];

  /** Everything that the record shows, except the notes of late reports. */
  async function shown() {
    const file = await createImportFiles(database.pool).get(importId, 'boot-check.log');
    const { updatedAt: _, ...record } = await view();
    const events = (await store.events(importId, 0)).filter(({ type }) => type !== 'note');
    return { record, facts: await store.facts(importId), file: file?.bytes.toString(), events };
  }

  test.each(cases.flatMap(([newer, write]) => cases.map(([older, late]) => ({ newer, older, write, late }))))(
    '$older after $newer → changes nothing',
    async ({ write, late }) => {
      await write(stepOf(8), false);
      const before = await shown();
      await late(stepOf(5), true).catch((error: unknown) => expect(String(error)).toContain('Import.Superseded'));
      expect(await shown()).toEqual(before);
    },
  );
});

describe('a late write of a batch', () => {
  const HOLD = { code: 'Batch.Window', message: 'outside the time window', remedy: 'Wait.' } as const;
  let batchId: string;
  const batches = () => createBatchStore(database.pool);
  const batch = async (column: string) =>
    (await database.pool.query(`select ${column} as value from ecs_image_import.batches where id = $1`, [batchId]))
      .rows[0]?.value;

  beforeEach(async () => {
    batchId = `bat-${randomUUID()}`;
    await database.pool.query(
      `insert into ecs_image_import.batches (id, name, state, policy, digest, claimed_page) values ($1, $1, 'running', '{}', '', 3)`,
      [batchId],
    );
    await database.pool.query(
      `insert into ecs_image_import.batch_items (batch_id, item, line, state, region, bucket, image_name, file_queue, priority, rank)
       values ($1, 1, 1, 'waiting', 'cn-hangzhou', 'b', 'i', 'q', 5, 1)`,
      [batchId],
    );
  });

  test('the wait of an earlier page → is not shown', async () => {
    await batches().waitsFor({ batchId, page: 2 }, HOLD);
    expect(await batch('waits_for')).toBeNull();
    await batches().waitsFor({ batchId, page: 4 }, HOLD);
    expect(await batch('waits_for')).toEqual(HOLD);
  });

  test('the wait of a batch that has been paused → is not shown', async () => {
    await database.pool.query(`update ecs_image_import.batches set state = 'paused' where id = $1`, [batchId]);
    await batches().waitsFor({ batchId, page: 4 }, HOLD);
    expect(await batch('waits_for')).toBeNull();
  });

  test('the cancel of waiting items after a retry has put them back → they stay waiting', async () => {
    await batches().dropWaiting(batchId);
    expect(
      (await database.pool.query('select state from ecs_image_import.batch_items where batch_id = $1', [batchId])).rows,
    ).toEqual([{ state: 'waiting' }]);
    await batches().recordCancel(batchId);
    await batches().dropWaiting(batchId);
    expect(
      (await database.pool.query('select state from ecs_image_import.batch_items where batch_id = $1', [batchId])).rows,
    ).toEqual([{ state: 'cancelled' }]);
  });
});
