/** Two imports of the same content into one bucket, which share one object. The process of one of them crashes once, in a given call. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { ImportActivities } from '../../../activities/index.js';
import { newImportId } from '../../../domain/ids.js';
import type { FinalState, ImageRef, ImportError } from '../../../domain/import.js';
import { isRecord } from '../../../domain/json-value.js';
import type { Ending, ImportPlan, StepInput } from '../../../domain/plan.js';
import { RECORD_DECIDES } from '../../../domain/process-names.js';
import type { ImportRequest } from '../../../domain/request/request.js';
import { tryIn } from './crashing-process.js';
import type { Surroundings } from './real-dependencies.js';

/** In the order in which the workflow calls them. */
export const ACTIVITIES = [
  'accept',
  'preflight',
  'setUpRole',
  'upload',
  'startImport',
  'watchImport',
  'detect',
  'distribute',
  'cleanUp',
] as const;
export type ActivityName = (typeof ACTIVITIES)[number];

export interface Crash {
  readonly activity: ActivityName;
  readonly calls: number;
}

/** After this many attempts an activity counts as never ending. */
const MAX_ATTEMPTS = 40;
const RETRY_MS = 5;
/** An activity may run the next step too. */
const STEPS_PER_ACTIVITY = 2;

/** One import, driven like its workflow does. */
export class Importing {
  readonly id: string;
  /** Number and name of the last call before the crash of its process; null before. */
  last: string | null = null;
  private begun = 0;
  private step = 0;
  private plan: ImportPlan | null = null;
  private detected = false;
  private image: ImageRef | null = null;

  constructor(
    private readonly surroundings: Surroundings,
    readonly request: ImportRequest,
  ) {
    this.id = newImportId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
  }

  /** Runs all activities up to and including this one; those that have run are skipped. */
  async advanceTo(activity: ActivityName): Promise<void> {
    const end = ACTIVITIES.indexOf(activity);
    while (this.begun <= end) await this.run(ACTIVITIES[this.begun] ?? activity, null);
  }

  /**
   * Runs an activity until it succeeds or fails permanently.
   * @param afterCrash runs between the crash and the next attempt; false: no further attempt, the import is cancelled
   */
  async run(
    activity: ActivityName,
    crash: Crash | null,
    ending: Ending = { outcome: 'succeeded', error: null, keepImage: true },
    afterCrash: () => Promise<boolean> = async () => true,
  ): Promise<void> {
    this.begun = Math.max(this.begun, ACTIVITIES.indexOf(activity) + 1);
    this.step += STEPS_PER_ACTIVITY;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const crashes = attempt === 1 && crash?.activity === activity;
      const calls = crashes ? crash.calls : Number.POSITIVE_INFINITY;
      const step = { importId: this.id, step: this.step, request: this.request, attempt: 1 };
      const end = await tryIn(this.surroundings, { attempt, calls }, (all) =>
        this.perform(all, activity, step, ending),
      );
      if (end.kind === 'done') return;
      const overtaken = end.kind === 'failed' ? overtakenBy(end.error) : null;
      if (end.kind === 'crashed') {
        this.last = end.last;
        await this.letLeasesEnd();
        if (!(await afterCrash())) return;
      } else if (overtaken !== null) this.step = overtaken + 1;
      else if (end.error instanceof ApplicationFailure && end.error.nonRetryable) throw end.error;
      await sleep(RETRY_MS);
    }
    throw new Error(`${activity} has not ended after ${MAX_ATTEMPTS} attempts`);
  }

  private async perform(
    activities: ImportActivities,
    activity: ActivityName,
    step: StepInput,
    ending: Ending,
  ): Promise<void> {
    switch (activity) {
      case 'accept':
        await activities.accept({ importId: this.id, step: step.step, request: this.request, fileQueue: 'files' });
        return;
      case 'preflight':
        this.plan = await activities.preflight(step, 'role');
        return;
      case 'setUpRole':
        if (this.plan?.roleIsReady === true) return;
        return await activities.setUpRole(step, known(this.plan));
      case 'upload':
        this.plan = await activities.upload(step, known(this.plan));
        return;
      case 'startImport':
        this.image = await activities.startImport(step, known(this.plan));
        return;
      case 'watchImport':
        this.detected = (await activities.watchImport(step, known(this.image), 'detection')).detected;
        return;
      case 'detect':
        if (this.detected) return;
        return await activities.detect(step, known(this.image));
      case 'distribute': {
        const { regions, shareWith } = this.request.distribute;
        if (regions.length + shareWith.length > 0) await activities.distribute(step, known(this.image));
        return;
      }
      case 'cleanUp':
        await activities.cleanUp(step, ending);
    }
  }

  /** The time until the crash of the process is detected. */
  private async letLeasesEnd(): Promise<void> {
    await this.surroundings.pool.query(
      `update ecs_image_import.uploads set lease_until = now() - interval '1 second' where split_part(holder, '/', 1) = $1`,
      [this.id],
    );
  }
}

/** The step that has written to the record, where an attempt found that its own one is over. */
function overtakenBy(error: unknown): number | null {
  if (!(error instanceof ApplicationFailure) || error.type !== RECORD_DECIDES) return null;
  const [state] = error.details ?? [];
  return isRecord(state) && typeof state.step === 'number' ? state.step : null;
}

function known<T>(value: T | null): T {
  if (value === null) throw new Error('an activity runs before the activity whose result it needs');
  return value;
}

export interface Scene {
  readonly title: string;
  /** The outcome of the crashing import; the other one always succeeds. */
  readonly outcome: FinalState;
  /** The activity of its cancel or failure; `distribute` if it succeeds. */
  readonly until: ActivityName;
  /** Whether the crashing import uploads the object or joins it. */
  readonly joins: 'first' | 'second';
  /** True: the other import continues before the crash is detected. Otherwise it waits for the end, with its reference to the object. */
  readonly meanwhile: boolean;
  readonly crashes: readonly ActivityName[];
}

const ERROR: ImportError = { code: 'Test', message: 'failed', remedy: 'none', requestId: null, phase: 'import' };

/** Runs the scene; throws if an activity fails that must succeed. */
export async function runScene(scene: Scene, crash: Crash, mine: Importing, other: Importing): Promise<void> {
  const { outcome, until, joins, meanwhile } = scene;
  const end = ACTIVITIES.indexOf(until);
  const isCancelled = outcome === 'cancelled';
  for (const activity of ACTIVITIES.slice(0, end + 1)) {
    if (activity === 'upload' && joins === 'second') await other.advanceTo('upload');
    const fails = outcome === 'failed' && activity === until;
    try {
      await mine.run(activity, crash, undefined, async () => {
        if (meanwhile) await other.advanceTo(activity);
        return !(isCancelled && activity === until);
      });
      if (fails) throw new Error(`${activity} must fail, but succeeded`);
    } catch (error) {
      if (!fails || !(error instanceof ApplicationFailure)) throw error;
    }
    if (activity === 'upload' && crash.activity !== 'upload') await other.advanceTo('upload');
  }
  const ending = { outcome, error: outcome === 'failed' ? ERROR : null, keepImage: outcome === 'succeeded' };
  await mine.run('cleanUp', crash, ending, async () => {
    if (meanwhile) await other.advanceTo('cleanUp');
    return true;
  });
  await other.advanceTo('cleanUp');
}
