/** What a step leaves for later, while its statements are slow, lost or refused: order, and nothing is lost. */
import type pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { PendingNotes, type StepNote } from '../../store/step-notes.js';
import type { StepWrite } from '../../store/step-write.js';

const image = { kind: 'image', key: 'web-01', regionId: 'cn-hangzhou', status: 'intended' } as const;
const object = { kind: 'task', key: 't-1', regionId: 'cn-hangzhou', status: 'removed' } as const;
const call = {
  at: '2026-01-01T00:00:00.000Z',
  phase: 'cleanup',
  service: 'oss',
  action: 'DeleteObject',
  requestId: 'R',
} as const;

/** One statement that the fake server has received. */
interface Sent {
  readonly name: string;
  readonly notes: string;
  answer(value: unknown): void;
  fail(): void;
}

let sent: Sent[];
let step: StepWrite;
let store: ImportStore;

beforeEach(() => {
  sent = [];
  step = { importId: 'imp-1', version: 5, phase: 'cleanup', pending: new PendingNotes(() => undefined) };
  const query = (sql: string, values: readonly unknown[]) =>
    new Promise((resolve, reject) => {
      const name = /ecs_image_import\.(\w+)/.exec(sql)?.[1] ?? sql;
      const notes = values.find((value): value is string => typeof value === 'string' && value.startsWith('[')) ?? '';
      const answer = (value: unknown) => resolve({ rows: [{ written: value, finished: value }], rowCount: 1 });
      sent.push({ name, notes, answer, fail: () => reject(new Error('connection lost')) });
    });
  store = createImportStore({ query } as unknown as pg.Pool);
});

const add = (note: StepNote) => step.pending?.add(note);
const settled = () => new Promise((resolve) => setImmediate(resolve));
const keysIn = ({ notes }: Sent): readonly string[] =>
  (JSON.parse(notes) as { entry?: { key: string }; kind: string }[]).map(({ entry, kind }) => entry?.key ?? kind);

describe('notes whose statement is under way', () => {
  test('an intention meanwhile → sent after it, and not before', async () => {
    add({ kind: 'ledger', entry: object });
    const flushed = store.flush(step);
    const recorded = store.record(step, image);
    await settled();
    expect(sent.map(keysIn)).toEqual([['t-1']]);
    sent[0]?.answer(true);
    await flushed;
    await settled();
    expect(sent.map(keysIn)).toEqual([['t-1'], ['web-01']]);
    sent[1]?.answer(true);
    await recorded;
  });

  test('its connection is lost → the next entry writes the notes too, in their order', async () => {
    add({ kind: 'ledger', entry: object });
    const flushed = store.flush(step).catch(() => 'failed');
    add({ kind: 'calls', calls: [call] });
    const recorded = store.record(step, image);
    await settled();
    sent[0]?.fail();
    expect(await flushed).toBe('failed');
    await settled();
    expect(sent.slice(1).map(keysIn)).toEqual([['t-1', 'calls', 'web-01']]);
    sent[1]?.answer(true);
    await recorded;
  });

  test('the end of the import meanwhile → written after them: the ledger of an ended import takes no entry', async () => {
    add({ kind: 'ledger', entry: object });
    const flushed = store.flush(step).catch(() => 'failed');
    const finished = store.finish(step, 'succeeded', null);
    await settled();
    expect(sent.map(({ name }) => name)).toEqual(['write_step']);
    sent[0]?.fail();
    await flushed;
    await settled();
    expect(sent.slice(1).map((one) => [one.name, keysIn(one)])).toEqual([['finish_import', ['t-1']]]);
    sent[1]?.answer({ createdAt: 0, timeline: [] });
    expect(await finished).toMatchObject({ timeline: [] });
  });
});

describe('a superseded step', () => {
  test('the end is refused → its calls are recorded all the same', async () => {
    add({ kind: 'calls', calls: [call] });
    const finished = store.finish(step, 'succeeded', null);
    await settled();
    sent[0]?.answer(null);
    await settled();
    expect(sent[1]?.notes).toContain('DeleteObject');
    sent[1]?.answer(null);
    expect(await finished).toBeNull();
  });

  test('notes without an entry are refused → the step fails, so that it does not begin the next one', async () => {
    add({ kind: 'fact', fact: { kind: 'account', accountId: '1' } });
    const flushed = store.flush(step);
    await settled();
    sent[0]?.answer(false);
    await expect(flushed).rejects.toThrow('Import.Superseded');
  });
});

test('a NUL or half of a surrogate pair in a note → U+FFFD, and the text around it stays', async () => {
  const message = 'C:\\\\u0000 \0 \ud800x \udc00 \u{1f600} \\ud800';
  add({
    kind: 'findings',
    scope: { source: 'inspection' },
    findings: [{ code: 'A', severity: 'info', message, evidence: '', remedy: '', source: 'inspection' }],
  });
  const flushed = store.flush(step);
  await settled();
  const [{ findings }] = JSON.parse(sent[0]?.notes ?? '') as [{ findings: [{ message: string }] }];
  expect(findings[0].message).toBe('C:\\\\u0000 \ufffd \ufffdx \ufffd \u{1f600} \\ud800');
  expect(sent[0]?.notes).not.toMatch(/[^\\](\\\\)*\\u(0000|d8)/);
  sent[0]?.answer(true);
  await flushed;
});
