/** Polling for many imports needs few calls and reports each change in time. Uses fake timers. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cloud } from '../../alibaba/cloud.js';
import type { ImageView, TaskView } from '../../alibaba/ecs-api.js';
import { createRegionWatchers, type Watched } from '../../alibaba/region-watcher.js';
import { FailureError } from '../../domain/errors/failure.js';

const HOUR = 3_600_000;
/** The first poll is early. */
const FIRST_MS = 100;
const PACE = { pollFirstMs: 1_000, pollMaxMs: 30_000, patienceMs: HOUR };

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** A cloud in which every import takes a given time, and which counts the calls. */
class SlowCloud {
  readonly doneAt = new Map<string, number>();
  calls = 0;
  largestCall = 0;
  fails: FailureError | null = null;

  start(takesMs: number): Watched {
    const number = this.doneAt.size + 1;
    const imageId = `m-${number}`;
    this.doneAt.set(imageId, Date.now() + takesMs);
    return { imageId, taskId: `t-${number}` };
  }

  isDone(imageId: string): boolean {
    return Date.now() >= (this.doneAt.get(imageId) ?? 0);
  }

  asCloud(): Cloud {
    const count = (ids: readonly string[]) => {
      // Like the adapter: 100 ids per call.
      this.calls += Math.ceil(ids.length / 100);
      this.largestCall = Math.max(this.largestCall, ids.length);
      if (this.fails !== null) throw this.fails;
    };
    const ecs = {
      describeTasks: async ({ taskIds = [] }: { readonly taskIds?: readonly string[] }) => {
        count(taskIds);
        return taskIds.map((taskId): TaskView => {
          const done = this.isDone(taskId.replace('t', 'm'));
          return {
            taskId,
            action: 'ImportImage',
            status: done ? 'Finished' : 'Processing',
            resourceId: taskId.replace('t', 'm'),
            supportCancel: true,
            finishedTime: null,
          };
        });
      },
      describeImages: async ({ imageIds = [] }: { readonly imageIds?: readonly string[] }) => {
        count(imageIds);
        return imageIds.map((imageId): ImageView => {
          const status = this.isDone(imageId) ? 'Available' : 'Creating';
          const rest = {
            percent: 0,
            tags: {},
            detection: null,
            creationTime: null,
            sizeGiB: 20,
            isCopy: false,
            platform: null,
            snapshotIds: [],
            attributes: { architecture: null, bootMode: null, nvmeSupport: null, imdsSupport: null },
            resourceGroupId: null,
            isEncrypted: false,
          };
          return { imageId, imageName: imageId, status, ...rest };
        });
      },
    };
    return { ecs: () => ecs } as unknown as Cloud;
  }
}

/** Like the activity: polls until the image is available. Resolves with the delay of the report. */
async function watch(watchers: ReturnType<typeof createRegionWatchers>, cloud: SlowCloud, watched: Watched) {
  const { signal } = new AbortController();
  for (;;) {
    const { image } = await watchers.next('cn-hangzhou', watched, signal);
    if (image?.status === 'Available') return Date.now() - (cloud.doneAt.get(watched.imageId) ?? 0);
  }
}

/** The number of calls if each import were polled separately every ten seconds. */
const NAIVE_CALLS = (imports: number, ms: number) => (imports * ms) / 10_000;

describe('polling', () => {
  test('of 200 running imports for an hour → under 2 % of the calls of one poll per import and 10 s', async () => {
    const cloud = new SlowCloud();
    const watchers = createRegionWatchers(cloud.asCloud(), PACE);
    const all = Array.from({ length: 200 }, () => watch(watchers, cloud, cloud.start(HOUR)));
    await vi.advanceTimersByTimeAsync(HOUR + 60_000);
    const delays = await Promise.all(all);
    expect(Math.max(...delays)).toBeLessThanOrEqual(PACE.pollMaxMs + 5_000);
    expect(cloud.calls / NAIVE_CALLS(200, HOUR)).toBeLessThan(0.02);
  });

  test('of 200 running imports that start and end → also under 2 %', async () => {
    const cloud = new SlowCloud();
    const watchers = createRegionWatchers(cloud.asCloud(), PACE);
    const takes = HOUR / 6;
    const delays: Promise<number>[] = [];
    let whenFull = 0;
    for (let at = 0; at < 3 * takes; at += takes / 200) {
      if (at <= takes) whenFull = cloud.calls;
      delays.push(watch(watchers, cloud, cloud.start(takes)));
      await vi.advanceTimersByTimeAsync(takes / 200);
    }
    const calls = cloud.calls - whenFull;
    await vi.advanceTimersByTimeAsync(takes + 60_000);
    expect(Math.max(...(await Promise.all(delays)))).toBeLessThanOrEqual(PACE.pollMaxMs + 5_000);
    expect(calls / NAIVE_CALLS(200, 2 * takes)).toBeLessThan(0.02);
  });

  test('of a short import → its end is reported within a tenth of its duration, or the first interval', async () => {
    const cloud = new SlowCloud();
    const watchers = createRegionWatchers(cloud.asCloud(), PACE);
    const short = watch(watchers, cloud, cloud.start(3_500));
    const longer = watch(watchers, cloud, cloud.start(100_000));
    await vi.advanceTimersByTimeAsync(150_000);
    expect(await short).toBeLessThanOrEqual(1_000);
    expect(await longer).toBeLessThanOrEqual(12_000);
  });

  test('of a new import beside old ones → soon, although the old ones are polled less often', async () => {
    const cloud = new SlowCloud();
    const watchers = createRegionWatchers(cloud.asCloud(), PACE);
    const old = Array.from({ length: 30 }, () => watch(watchers, cloud, cloud.start(HOUR)));
    await vi.advanceTimersByTimeAsync(HOUR / 2);
    const short = watch(watchers, cloud, cloud.start(500));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await short).toBeLessThanOrEqual(1_000);
    await vi.advanceTimersByTimeAsync(HOUR);
    await Promise.all(old);
  });

  test('that is throttled → all imports wait together, with exponential backoff', async () => {
    const cloud = new SlowCloud();
    const watchers = createRegionWatchers(cloud.asCloud(), PACE);
    const all = Array.from({ length: 50 }, () => watch(watchers, cloud, cloud.start(1_000)));
    cloud.fails = new FailureError({ code: 'Throttling.User', class: 'throttled', message: 'slow down', remedy: '' });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(cloud.calls).toBeLessThan(12);
    cloud.fails = null;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await Promise.all(all)).toHaveLength(50);
  });

  test('that fails → each waiting import learns why, when the next poll is, and when the wait ends', async () => {
    const cloud = new SlowCloud();
    cloud.fails = new FailureError({ code: 'Throttling', class: 'throttled', message: 'slow down', remedy: '' });
    const seen: [string, { nextMs: number; givesUpMs: number }][] = [];
    const watchers = createRegionWatchers(cloud.asCloud(), PACE);
    const waits = [1, 2].map(() =>
      watchers.next('r', cloud.start(0), new AbortController().signal, ({ code }, timing) => seen.push([code, timing])),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    expect(seen).toEqual(waits.map(() => ['Throttling', { nextMs: FIRST_MS + 2_000, givesUpMs: FIRST_MS + HOUR }]));
    cloud.fails = null;
    await vi.advanceTimersByTimeAsync(60_000);
    await Promise.all(waits);
  });

  test('that fails permanently → every waiting import receives the failure', async () => {
    const cloud = new SlowCloud();
    const watchers = createRegionWatchers(cloud.asCloud(), PACE);
    cloud.fails = new FailureError({ code: 'Forbidden.RAM', class: 'attention', message: 'no', remedy: 'Ask.' });
    const failures = Promise.all(
      Array.from({ length: 3 }, () => watch(watchers, cloud, cloud.start(1_000)).catch((error: unknown) => error)),
    );
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await failures).toEqual([cloud.fails, cloud.fails, cloud.fails]);
  });

  test('with one import cancelled → ends for it, continues for the others', async () => {
    const cloud = new SlowCloud();
    const watchers = createRegionWatchers(cloud.asCloud(), PACE);
    const stop = new AbortController();
    const one = watchers.next('cn-hangzhou', cloud.start(5_000), stop.signal).catch(() => 'cancelled');
    const other = watch(watchers, cloud, cloud.start(5_000));
    stop.abort(new Error('cancelled'));
    expect(await one).toBe('cancelled');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await other).toBeLessThanOrEqual(1_000);
  });
});
