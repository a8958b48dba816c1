/** An image that lies elsewhere is told like one that lies here, from a fraction of its bytes. */
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
  test('is told like the same file on this host', async () => {
    const image = remote();
    const { allocatedSize: _one, ...told } = await inspect(image);
    const { allocatedSize: _other, ...local } = await inspectImage(DEMO);
    expect(told).toEqual(local);
    expect(told.depth).toBe('guest');
    expect(image.fetched).toBeLessThan(bytes.length * 1.1);
  });

  test('whose server fails in the middle fails with its server’s words', async () => {
    let answers = 3;
    const failure = { code: 'Source.Unreachable', class: 'transient' as const, message: 'gone', remedy: 'wait' };
    const image = remote(async (offset, length) => {
      if (answers-- <= 0) throw new FailureError(failure);
      return bytes.subarray(offset, offset + length);
    });
    await expect(inspect(image)).rejects.toMatchObject({ failure });
  });

  test('whose inspection is cancelled stops at once, whatever its server does', async () => {
    const cancel = new AbortController();
    const image = remote((_offset, _length, signal) => {
      setTimeout(() => cancel.abort(new Error('cancelled by the user')), 10);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await expect(inspect(image, { signal: cancel.signal })).rejects.toThrow('cancelled by the user');
  });

  test('on a server that takes for ever is given up after a while', async () => {
    const slow = createRemoteInspector({ timeLimitMs: 1500 });
    const image = remote((_offset, _length, signal) => {
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await expect(slow(image)).rejects.toMatchObject({ failure: { code: 'Inspection.TimeLimit' } });
  });
});

describe('what was told of a remote image', () => {
  const told = { format: 'QCOW2' } as Inspection;

  test('is told again without a look, until the image changes', async () => {
    let looks = 0;
    const remembering = cacheInspections(async () => {
      looks += 1;
      return told;
    });
    await Promise.all([remembering(remote()), remembering(remote())]);
    await remembering(remote());
    expect(looks).toBe(1);
    await remembering({ ...remote(), version: 'two' });
    await remembering(remote(), { role: 'data' });
    expect(looks).toBe(3);
    await remembering({ ...remote(), version: null });
    await remembering({ ...remote(), version: null });
    expect(looks).toBe(5);
  });

  test('is looked for again by the next when the look failed', async () => {
    let looks = 0;
    const remembering = cacheInspections(async () => {
      looks += 1;
      if (looks === 1) throw new Error('cancelled');
      return told;
    });
    const first = remembering(remote());
    const second = remembering(remote());
    await expect(first).rejects.toThrow('cancelled');
    expect(await second).toBe(told);
  });
});
