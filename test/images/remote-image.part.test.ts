/** Inspection of remote images, and the cache of its results. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FailureError } from '../../domain/errors/failure.js';
import { inspectImage } from '../../images/inspect.js';
import { createRemoteInspector } from '../../images/inspect-in-child.js';
import type { Inspection } from '../../images/inspection.js';
import { cacheInspections } from '../../images/inspection-cache.js';
import type { RemoteImage } from '../../images/remote-image.js';
import { DEMO } from '../support/images/made-images.js';

const bytes = readFileSync(DEMO);
const inspect = createRemoteInspector();

function remote(read?: RemoteImage['read']) {
  const image = {
    name: 'https://images.example.com/debian.qcow2',
    size: bytes.length,
    version: 'one',
    fetched: 0,
    read: async (offset: number, length: number, signal: AbortSignal) => {
      image.fetched += length;
      return read === undefined ? bytes.subarray(offset, offset + length) : await read(offset, length, signal);
    },
  };
  return image;
}

describe('a remote image', () => {
  test('→ the same facts as for a local file, from a fraction of its bytes', async () => {
    const image = remote();
    const { allocatedSize: _one, ...inspection } = await inspect(image);
    const { allocatedSize: _other, ...local } = await inspectImage(DEMO);
    expect(inspection).toEqual(local);
    expect(inspection.depth).toBe('guest');
    expect(image.fetched).toBeLessThan(bytes.length * 1.1);
  });

  test('read fails → rejects with the read’s failure', async () => {
    let answers = 3;
    const failure = { code: 'Source.Unreachable', class: 'transient' as const, message: 'gone', remedy: 'wait' };
    const image = remote(async (offset, length) => {
      if (answers-- <= 0) throw new FailureError(failure);
      return bytes.subarray(offset, offset + length);
    });
    await expect(inspect(image)).rejects.toMatchObject({ failure });
  });

  test('cancelled while a read is pending → rejects immediately', async () => {
    const cancel = new AbortController();
    const image = remote((_offset, _length, signal) => {
      setTimeout(() => cancel.abort(new Error('cancelled by the user')), 10);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await expect(inspect(image, { signal: cancel.signal })).rejects.toThrow('cancelled by the user');
  });

  test('read never returns → Source.TooSlow, which requires action; the image is not blamed', async () => {
    const slow = createRemoteInspector({ fetchLimitMs: 500 });
    const image = remote((_offset, _length, signal) => {
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await expect(slow(image)).rejects.toMatchObject({ failure: { code: 'Source.TooSlow', class: 'attention' } });
  });
});

describe('the inspection cache', () => {
  const inspection = { format: 'QCOW2' } as Inspection;

  test('same version → one inspection; another version or role → a new inspection', async () => {
    let inspections = 0;
    const inspectCached = cacheInspections(async () => {
      inspections += 1;
      return inspection;
    });
    await Promise.all([inspectCached(remote()), inspectCached(remote())]);
    await inspectCached(remote());
    expect(inspections).toBe(1);
    await inspectCached({ ...remote(), version: 'two' });
    await inspectCached(remote(), { role: 'data' });
    expect(inspections).toBe(3);
    await inspectCached({ ...remote(), version: null });
    await inspectCached({ ...remote(), version: null });
    expect(inspections).toBe(5);
  });

  test('the pending inspection fails → the next caller inspects again', async () => {
    let inspections = 0;
    const inspectCached = cacheInspections(async () => {
      inspections += 1;
      if (inspections === 1) throw new Error('cancelled');
      return inspection;
    });
    const first = inspectCached(remote());
    const second = inspectCached(remote());
    await expect(first).rejects.toThrow('cancelled');
    expect(await second).toBe(inspection);
  });
});
