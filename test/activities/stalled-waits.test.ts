/** Every wait for the cloud ends: with success, with failure, or with attention after the patience without progress. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDetect } from '../../activities/detect.js';
import { createDistribute } from '../../activities/distribute.js';
import { createWatchImport } from '../../activities/watch-import.js';
import type { ImageView, TaskView } from '../../alibaba/ecs-api.js';
import type { ImageObservation } from '../../alibaba/region-watcher.js';
import { fail } from '../../domain/errors/index.js';
import type { Finding } from '../../domain/import.js';
import type { StepInput } from '../../domain/plan.js';
import type { ImportRequest } from '../../domain/request/request.js';
import { activityRunner, FakeCloud, HOME, REQUEST, SOURCE } from '../support/activities/distribution-cloud.js';
import { quietEnvironment } from '../support/activities/quiet-environment.js';

const HOUR_MS = 3_600_000;
const POLL_MS = HOUR_MS / 6;
/** More polls than any wait takes, so that an endless wait fails the test. */
const MAX_POLLS = 5_000;

let cloud: FakeCloud;
let startedMs: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  startedMs = Date.now();
  cloud = new FakeCloud();
});
afterEach(() => {
  vi.useRealTimers();
});

const hoursPassed = () => (Date.now() - startedMs) / HOUR_MS;
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

const task = (status: string): TaskView => ({
  ...{ taskId: 't-1', action: 'ImportImage', status, resourceId: 'm-source', supportCancel: true },
  finishedTime: status === 'Finished' ? '2026-11-01T00:00:00Z' : null,
});
const image = (status: string, percent: number | null = null, detection: ImageView['detection'] = null): ImageView => ({
  ...{ imageId: 'm-source', imageName: 'web-01', status, percent, tags: {}, detection },
  ...{ creationTime: null, sizeGiB: 20, isCopy: false, platform: null, snapshotIds: [] },
  ...{ attributes: cloud.plain, resourceGroupId: null, isEncrypted: false },
});

/** Each poll takes ten minutes; `observe` returns the observation of poll number `n`, from 0. */
function runnerWith(observe: (n: number) => ImageObservation | Promise<ImageObservation>) {
  const runner = activityRunner(cloud);
  let polls = 0;
  const next = async () => {
    if (polls >= MAX_POLLS) throw fail('Internal.Defect', 'polled without end');
    pass(POLL_MS);
    return await observe(polls++);
  };
  const deps = { ...runner.deps, watchers: { next }, settings: { ...runner.deps.settings, patienceMs: HOUR_MS } };
  return { ...runner, deps };
}

const input = (request: Partial<ImportRequest> = {}): StepInput => ({
  ...{ importId: 'imp-1', step: 5, attempt: 1 },
  request: { ...REQUEST, ...request },
});
const attention = (code: string, text = '') => ({
  type: 'attention',
  nonRetryable: true,
  details: [expect.objectContaining({ code, message: expect.stringContaining(text) })],
});

describe('an import', () => {
  const watch = (observe: (n: number) => ImageObservation) => {
    const { run, deps } = runnerWith(observe);
    return run(createWatchImport(deps), input(), SOURCE);
  };

  test('whose task is finished and whose image stays UnAvailable → attention after the patience', async () => {
    const watched = watch(() => ({ task: task('Finished'), image: image('UnAvailable', 100) }));
    await expect(watched).rejects.toMatchObject(attention('Import.ImageUnavailable', 'm-source'));
    expect(hoursPassed()).toBeLessThan(2);
  });

  test('whose image becomes available within the patience after its task has finished → done', async () => {
    await watch((n) => ({ task: task('Finished'), image: image(n < 4 ? 'UnAvailable' : 'Available') }));
  });

  test.each(['Paused', 'Deleted', 'Suspended'])(
    'whose task is %s, or has another status that this service does not know → attention after the patience',
    async (status) => {
      const watched = watch(() => ({ task: task(status), image: image('Creating', 10) }));
      await expect(watched).rejects.toMatchObject(attention('Import.Stalled', status));
      expect(hoursPassed()).toBeLessThan(2);
    },
  );

  test('whose task is paused and then continues → done', async () => {
    const status = (n: number) => (n < 4 ? 'Paused' : 'Processing');
    await watch((n) => ({ task: task(status(n)), image: image(n < 8 ? 'Creating' : 'Available', n) }));
  });

  test('whose task waits in the cloud for hours → done, without attention', async () => {
    await watch((n) => ({ task: task('Waiting'), image: n < 60 ? null : image('Available') }));
    expect(hoursPassed()).toBeGreaterThan(9);
  });

  test('whose task was removed with the image → fails within the patience', async () => {
    const watched = watch(() => ({ task: task('Deleted'), image: null }));
    await expect(watched).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Import.ImageGone', class: 'request' })],
    });
    expect(hoursPassed()).toBeLessThan(1);
  });

  test('that takes days and progresses by a percent now and then → done, without attention', async () => {
    const percent = (n: number) => Math.floor(n / 30);
    await watch((n) =>
      percent(n) >= 100
        ? { task: task('Finished'), image: image('Available', 100) }
        : { task: task('Processing'), image: image('Creating', percent(n)) },
    );
    expect(hoursPassed()).toBeGreaterThan(400);
  });

  test('that shows the same percent for many hours while the cloud works on it → done, without attention', async () => {
    await watch((n) => ({ task: task('Processing'), image: image(n < 120 ? 'Creating' : 'Available', 42) }));
    expect(hoursPassed()).toBeGreaterThan(20);
  });

  test('that the cloud works on without any change for more than a day → attention', async () => {
    const watched = watch(() => ({ task: task('Processing'), image: image('Creating', 42) }));
    await expect(watched).rejects.toMatchObject(attention('Import.Stalled'));
    expect(hoursPassed()).toBeGreaterThan(24);
  });

  test('that has not changed since an earlier attempt → the time of that attempt counts', async () => {
    const { deps } = runnerWith(() => ({ task: task('Finished'), image: image('UnAvailable', 100) }));
    const observed = { 'm-source': 'Finished, UnAvailable 100' };
    const heartbeatDetails = { sinceMs: Date.now() - 0.9 * HOUR_MS, reached: 0, observed };
    const environment = quietEnvironment({ scheduledTimestampMs: Date.now() - HOUR_MS, heartbeatDetails });
    await expect(environment.run(createWatchImport(deps), input(), SOURCE)).rejects.toMatchObject(
      attention('Import.ImageUnavailable'),
    );
    expect(hoursPassed()).toBeLessThan(0.5);
  });
});

describe('a detection', () => {
  const detection = { strategy: 'Standard', wait: true, failOn: 'blocking' } as const;
  let findings: readonly Finding[] = [];
  const replaceFindings = async (_step: unknown, _scope: unknown, found: readonly Finding[]) => {
    findings = found;
  };
  const detect = (observe: (n: number) => ImageView['detection'], wanted: ImportRequest['detection'] = detection) => {
    const { run, deps } = runnerWith((n) => ({ task: null, image: image('Available', 100, observe(n)) }));
    Object.assign(deps.store, { replaceFindings });
    return run(createDetect(deps), input({ detection: wanted }), SOURCE);
  };

  const warning = expect.objectContaining({ code: 'ECSIMPORT.DetectionNoResult', severity: 'warning' });

  test('that the cloud never reports → a warning, and the import continues', async () => {
    await detect(() => null);
    expect(findings).toEqual([warning]);
    expect(hoursPassed()).toBeLessThan(1);
  });

  test('that never finishes, or ends in a status that this service does not know → a warning after the patience', async () => {
    for (const status of ['Processing', 'Failed']) {
      await detect(() => ({ status, items: [] }));
      expect(findings).toMatchObject([{ severity: 'warning', message: expect.stringContaining(`still ${status}`) }]);
    }
    expect(hoursPassed()).toBeLessThan(4);
  });

  test('that is reported late → its findings', async () => {
    await detect((n) => (n < 1 ? null : { status: n < 4 ? 'Processing' : 'Finished', items: [] }));
    expect(findings).toEqual([]);
  });

  test('without a result → fails an import that requires one', async () => {
    await expect(detect(() => null, { ...detection, failOn: 'warning' })).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Detection.Refused' })],
    });
  });

  test('of a system that the vendor does not support → no wait, and a finding', async () => {
    const { run, deps } = runnerWith(() => ({ task: null, image: { ...image('Available'), platform: 'Gentoo' } }));
    Object.assign(deps.store, { replaceFindings });
    await run(createDetect(deps), input({ detection }), SOURCE);
    expect(findings).toMatchObject([{ code: 'ECSIMPORT.DetectionNotSupported', severity: 'info' }]);
    expect(hoursPassed()).toBeLessThan(1);
  });

  test('with detection.wait false → no wait', async () => {
    await detect(() => null, { ...detection, wait: false });
    expect(hoursPassed()).toBeLessThan(1);
  });
});

describe('a copy', () => {
  const distribute = () => {
    const { run, deps } = runnerWith(() => ({ task: null, image: null }));
    const next = async (region: string, { imageId }: { readonly imageId: string }): Promise<ImageObservation> => {
      pass(POLL_MS);
      const [seen] = await cloud.ecs(region).describeImages({ imageIds: [imageId] });
      return { task: null, image: seen ?? null };
    };
    const regions = ['cn-beijing'];
    const request = { distribute: { regions, shareWith: [] } };
    return run(createDistribute({ ...deps, watchers: { next } }), input(request), SOURCE);
  };

  test('that stays in a status that this service does not know → attention after the patience, and the copy stays', async () => {
    cloud.copyEnds = () => 'Frozen';
    await expect(distribute()).rejects.toMatchObject(attention('Copy.Stalled', 'Frozen'));
    expect(hoursPassed()).toBeLessThan(2);
    expect(cloud.ids('cn-beijing')).toHaveLength(1);
  });

  test('that is being created without any change for more than a day → attention', async () => {
    cloud.copyPolls = Number.POSITIVE_INFINITY;
    await expect(distribute()).rejects.toMatchObject(attention('Copy.Stalled', 'Creating'));
    expect(hoursPassed()).toBeGreaterThan(24);
  });

  test('whose source stays busy with another copy for more than a day → attention', async () => {
    cloud.refuse = (action) => {
      if (action !== 'CopyImage') return null;
      pass(5 * HOUR_MS);
      return 'OperationDenied.ImageCopying';
    };
    await expect(distribute()).rejects.toMatchObject(attention('Copy.Stalled', 'is being copied'));
    expect(hoursPassed()).toBeGreaterThan(24);
  });

  test('whose source never becomes available → attention after the patience', async () => {
    Object.assign(cloud.in(HOME).get('m-source') ?? {}, { status: 'Deprecated' });
    await expect(distribute()).rejects.toMatchObject(attention('Import.ImageUnavailable', 'Deprecated'));
    expect(hoursPassed()).toBeLessThan(2);
  });
});
