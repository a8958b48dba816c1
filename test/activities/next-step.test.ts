/** A phase that runs in the activity of the phase before: both are reported, and a failure leaves it to an activity of its own. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWatchImport } from '../../activities/watch-import.js';
import type { DetectionItem } from '../../alibaba/ecs-api.js';
import type { ImportStanding } from '../../store/decisions.js';
import type { StartedStep } from '../../store/imports.js';
import type { StepWrite } from '../../store/step-write.js';
import { activityRunner, FakeCloud, HOME, REQUEST, SOURCE } from '../support/activities/distribution-cloud.js';
import { quietEnvironment } from '../support/activities/quiet-environment.js';

const STEP = 7;
const VERSIONS = 1_000_000;
const NOTHING_READ: StartedStep = { ledger: null, uploads: null, facts: null };

type Write = Pick<StepWrite, 'phase' | 'version'>;

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;
/** Phase and version of each start that was written. */
let started: (readonly [string, number])[];
let attentions: number;
/** The version in the record. */
let version: number;

beforeEach(() => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
  started = [];
  attentions = 0;
  version = 0;
  const startPhase = async (write: Write) => {
    if (write.version <= version) return null;
    version = write.version;
    started.push([write.phase, write.version]);
    return NOTHING_READ;
  };
  Object.assign(runner.deps.store, {
    startPhase,
    startNextPhase: async (before: Write, write: Write) => {
      if (before.version < version) throw new Error('Import.Superseded');
      return await startPhase(write);
    },
    standing: async () => ({ id: 'imp-1', state: 'running', phase: 'import', version }) as ImportStanding,
    requireCurrent: async (write: { readonly version: number }) => {
      if (write.version < version) throw new Error('Import.Superseded');
    },
    attention: async () => {
      attentions += 1;
      return null;
    },
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

function detected(item: Partial<DetectionItem> = {}): void {
  const items = [{ name: 'GUESTOS.Virtio', value: 'Yes', riskLevel: null, riskCode: null, ...item }];
  Object.assign(cloud.in(HOME).get('m-source') ?? {}, { platform: 'Debian', detection: { status: 'Finished', items } });
}

const watch = (attempt = 1) => watchWith(attempt, 'detection');
const watchAlone = () => watchWith(1, undefined);

function watchWith(attempt: number, then: 'detection' | undefined) {
  const detection = { strategy: 'Standard', wait: true, failOn: 'blocking' } as const;
  const input = { importId: 'imp-1', step: STEP, attempt: 1, request: { ...REQUEST, detection } };
  const environment = quietEnvironment({ attempt, scheduledTimestampMs: Date.now() });
  const done = environment.run(createWatchImport(runner.deps), input, SOURCE, then);
  return { environment, done };
}

test('the image is available and checked → the detection is the next step, in the same activity', async () => {
  detected();
  expect(await watch().done).toEqual({ detected: true });
  expect(started).toEqual([
    ['import', STEP * VERSIONS + 1],
    ['detection', (STEP + 1) * VERSIONS + 1],
  ]);
  expect(runner.findings.map(({ code }) => code)).toContain('GUESTOS.Virtio');
});

test('a workflow of an earlier version → the image alone', async () => {
  detected();
  expect(await watchAlone().done).toEqual({ detected: false });
  expect(started.map(([phase]) => phase)).toEqual(['import']);
});

test('the detection refuses the image → left to an activity of its own, and the record shows no stop', async () => {
  detected({ value: 'No', riskLevel: 'High' });
  expect(await watch().done).toEqual({ detected: false });
  expect(attentions).toBe(0);
});

test('the database is away during the detection → left to an activity of its own', async () => {
  detected();
  const { replaceFindings } = runner.deps.store;
  const away: typeof replaceFindings = async (step, ...rest) => {
    if (step.phase === 'detection') throw new Error('connection terminated');
    await replaceFindings(step, ...rest);
  };
  Object.assign(runner.deps.store, { replaceFindings: away });
  expect(await watch().done).toEqual({ detected: false });
  expect(attentions).toBe(0);
});

test('another attempt after the detection has begun → continues it, without the phase import', async () => {
  detected();
  version = (STEP + 1) * VERSIONS + 1;
  expect(await watch(2).done).toEqual({ detected: true });
  expect(started).toEqual([['detection', (STEP + 1) * VERSIONS + 2]]);
});

test('another attempt before the detection has begun → both phases', async () => {
  detected();
  version = STEP * VERSIONS + 1;
  expect(await watch(2).done).toEqual({ detected: true });
  expect(started.map(([phase]) => phase)).toEqual(['import', 'detection']);
});

test('a cancel during the detection → the activity ends as cancelled', async () => {
  const { environment, done } = watch();
  const ended = expect(done).rejects.toThrow(/CANCELLED|cancelled/i);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(started.map(([phase]) => phase)).toEqual(['import', 'detection']);
  environment.cancel();
  await ended;
});

test('frozen after the image was available, while another attempt began → does not begin the detection', async () => {
  detected();
  const { startNextPhase } = runner.deps.store;
  const frozen: typeof startNextPhase = async (before, step) => {
    version = STEP * VERSIONS + 2;
    return await startNextPhase(before, step);
  };
  Object.assign(runner.deps.store, { startNextPhase: frozen });
  expect(await watch().done).toEqual({ detected: false });
  expect(started.map(([phase]) => phase)).toEqual(['import']);
  expect(version).toBe(STEP * VERSIONS + 2);
});

test('the database is away when the detection begins → what the step before has left is written', async () => {
  detected();
  const flushed: string[] = [];
  Object.assign(runner.deps.store, {
    startNextPhase: () => Promise.reject(new Error('connection terminated')),
    flush: async ({ phase }: Write) => void flushed.push(phase),
  });
  expect(await watch().done).toEqual({ detected: false });
  expect(flushed).toContain('import');
});

test('the response to the start of the detection was lost → what was written with it is not written again', async () => {
  detected();
  const flushed: string[] = [];
  const { startNextPhase } = runner.deps.store;
  const lost: typeof startNextPhase = async (before, step) => {
    await startNextPhase(before, step);
    throw new Error('connection terminated');
  };
  Object.assign(runner.deps.store, {
    startNextPhase: lost,
    flush: async ({ phase, version: written }: Write) => {
      if (phase === 'import' && written < version) throw new Error('Import.Superseded');
      flushed.push(phase);
    },
  });
  expect(await watch().done).toEqual({ detected: false });
  expect(flushed).not.toContain('import');
});

test('what the step before has left cannot be written → the activity is retried', async () => {
  detected();
  const away = () => Promise.reject(new Error('connection terminated'));
  Object.assign(runner.deps.store, { startNextPhase: away, flush: away });
  await expect(watch().done).rejects.toMatchObject({ type: 'transient' });
});
