import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { underLease } from '../../../activities/upload/lease.js';
import type { SharedUpload } from '../../../store/uploads.js';

const LEASE_MS = 50;
const signal = new AbortController().signal;
const upload = { id: 7, bucket: 'images', key: 'disk-1.raw' } as SharedUpload;

function store(renew: () => Promise<boolean>) {
  const said: string[] = [];
  return {
    said,
    renew: async (_id: number, _holder: string, _ms: number, progress: { bytesDone: number }) => {
      said.push(`renewed at ${progress.bytesDone}`);
      return renew();
    },
    handOver: async () => {
      said.push('handed over');
    },
  };
}

const untilAborted = (one: AbortSignal) =>
  new Promise<never>((_, reject) => one.addEventListener('abort', () => reject(one.reason)));

test('work that takes longer than the lease → the lease is renewed, with the progress', async () => {
  const uploads = store(async () => true);
  const result = await underLease(uploads, upload, 'a/1', LEASE_MS, signal, async (lease) => {
    lease.progress(42, 100);
    while (uploads.said.length < 5) await delay(1);
    return 'sent';
  });
  expect(result).toBe('sent');
  expect(uploads.said.at(-1)).toBe('renewed at 42');
});

test('lease taken over by another worker → the work is aborted with a transient failure', async () => {
  const work = underLease(
    store(async () => false),
    upload,
    'a/1',
    LEASE_MS,
    signal,
    (lease) => untilAborted(lease.signal),
  );
  await expect(work).rejects.toMatchObject({ failure: { code: 'Upload.LeaseLost', class: 'transient' } });
});

test('one lost response of the database → work continues; no response for the whole lease → aborted', async () => {
  let asked = 0;
  const once = store(async () => {
    asked += 1;
    if (asked === 1) throw new Error('connection lost');
    return true;
  });
  await underLease(once, upload, 'a/1', 10 * LEASE_MS, signal, async () => {
    while (asked < 3) await delay(1);
  });
  const gone = store(() => Promise.reject(new Error('connection lost')));
  const work = underLease(gone, upload, 'a/1', LEASE_MS, signal, (lease) => untilAborted(lease.signal));
  await expect(work).rejects.toMatchObject({ failure: { code: 'Upload.LeaseLost' } });
});

test('work that fails → the lease is released immediately for a waiting import', async () => {
  const uploads = store(async () => true);
  const work = underLease(uploads, upload, 'a/1', LEASE_MS, signal, () => Promise.reject(new Error('cut')));
  await expect(work).rejects.toThrow('cut');
  expect(uploads.said).toEqual(['handed over']);
});
