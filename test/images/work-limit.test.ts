import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWorkLimit, type WorkEnd } from '../../images/work-limit.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Runs for `seconds`; the process uses this share of a processor. */
async function endAfter(seconds: number, share: number | null): Promise<WorkEnd | null> {
  let end: WorkEnd | null = null;
  const since = Date.now();
  const used = async () => (share === null ? null : (Date.now() - since) * share);
  const limit = createWorkLimit({ workMs: 60_000, elapsedMs: 600_000 }, used, (value) => {
    end = value;
    limit.end();
  });
  limit.resume();
  await vi.advanceTimersByTimeAsync(seconds * 1_000);
  limit.end();
  return end;
}

test.each<[string, number, number | null, WorkEnd['reason'] | null]>([
  ['a whole processor, before the limit', 59, 1, null],
  ['a whole processor', 60, 1, 'work'],
  ['two processors', 60, 2, 'work'],
  ['a fifth of a processor, which is enough in the end', 299, 0.2, null],
  ['a fifth of a processor', 301, 0.2, 'work'],
  ['a twentieth of a processor', 599, 0.05, null],
  ['a twentieth of a processor', 600, 0.05, 'elapsed'],
  ['no processor time: it was stopped', 600, 0, 'elapsed'],
  ['an unknown processor time', 59, null, null],
  ['an unknown processor time', 60, null, 'work'],
])('%s, after %i s → %s', async (_, seconds, share, reason) => {
  expect((await endAfter(seconds, share))?.reason ?? null).toBe(reason);
});

test('paused time does not count', async () => {
  const onEnd = vi.fn();
  const limit = createWorkLimit({ workMs: 1_000, elapsedMs: 2_000 }, async () => 0, onEnd);
  for (let read = 0; read < 9; read++) {
    limit.resume();
    await vi.advanceTimersByTimeAsync(200);
    limit.pause();
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(onEnd).not.toHaveBeenCalled();
  limit.resume();
  await vi.advanceTimersByTimeAsync(200);
  expect(onEnd).toHaveBeenCalledExactlyOnceWith({ reason: 'elapsed', usedMs: 0 });
});
