/** Names each activity for the watchdog, and isolates the activities that have blocked several workers. */
import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { PageAnswer } from '../activities/batch/next-page.js';
import type { ActivityDependencies } from '../activities/dependencies.js';
import type { ImportActivities } from '../activities/index.js';
import { failureOfStep } from '../activities/step.js';
import { type Failure, FailureError } from '../domain/errors/failure.js';
import { importIdOfWorkflow } from '../domain/ids.js';
import type { Phase } from '../domain/import.js';
import { isObject } from '../domain/json-value.js';
import { keyOf } from '../store/blocked-attempts.js';
import { withLogContext } from '../telemetry/log-context.js';
import type { WorkerObserver } from './observer.js';
import type { WorkerTraces } from './traces.js';
import { type RunningActivity, runAs } from './watchdog/running-activity.js';
import type { Watchdog } from './watchdog/watchdog.js';

export interface Supervision {
  /** Called once, when the worker is about to run activities: a slow start is not its concern. */
  readonly startWatchdog: () => Watchdog;
  /** Runs the activity in a process of its own. */
  readonly runAlone: (context: Context, args: readonly unknown[]) => Promise<unknown>;
  /** Absent: the process has no port for health checks and metrics. */
  readonly observer?: WorkerObserver;
  /** Absent: traces are off. */
  readonly traces?: Omit<WorkerTraces, 'stop'>;
}

/**
 * @param watchdog null before it is started
 * @param isIsolated whether the activity of this key (`keyOf`) runs alone
 */
export function supervise(
  { runAlone }: Supervision,
  watchdog: () => Watchdog | null,
  isIsolated: (key: string) => boolean,
  deps: ActivityDependencies,
): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        const { activityType, attempt, workflowExecution } = context.info;
        const running: RunningActivity = {
          activity: activityType,
          subject: workflowExecution?.workflowId ?? '',
          attempt,
        };
        if (isIsolated(keyOf(running))) {
          try {
            return await runAlone(context, input.args);
          } catch (error) {
            if (error instanceof FailureError && activityType === 'nextPage') return holdOf(error.failure, input.args);
            if (error instanceof FailureError) throw await asStepFailure(deps, activityType, input.args, error);
            throw error;
          }
        }
        const ended = watchdog()?.started(running);
        try {
          const importId = importIdOfWorkflow(running.subject);
          const phase = phaseOfActivity(activityType);
          const fields = {
            ...(importId === null ? {} : { importId }),
            ...(phase === undefined ? {} : { phase }),
            attempt,
          };
          return await withLogContext(fields, () => runAs(running, () => next(input)));
        } finally {
          ended?.();
        }
      },
    },
  });
}

/** The phases of the activities whose failure ends an import, or stops it for attention. */
const PHASE_OF: Readonly<Partial<Record<keyof ImportActivities, Phase>>> = {
  preflight: 'preflight',
  setUpRole: 'role',
  upload: 'upload',
  startImport: 'import',
  watchImport: 'import',
  detect: 'detection',
  distribute: 'distribution',
  cleanUp: 'cleanup',
};
/** Undefined: the activity belongs to no phase. */
export function phaseOfActivity(activity: string): Phase | undefined {
  return Object.entries(PHASE_OF).find(([name]) => name === activity)?.[1];
}

const RETRY_AFTER = '1 minute';

/** The process ended without a result. Fails as a step of the import does; other activities are retried. */
async function asStepFailure(
  deps: ActivityDependencies,
  activity: string,
  args: readonly unknown[],
  { failure }: FailureError,
): Promise<unknown> {
  const [input] = args;
  const phase = phaseOfActivity(activity);
  if (phase === undefined || !isStepInput(input)) {
    return ApplicationFailure.create({ message: failure.message, type: failure.code, nextRetryDelay: RETRY_AFTER });
  }
  // An import whose cleanup fails would leave its resources behind: it stops for attention instead.
  const cause = phase === 'cleanup' ? { ...failure, class: 'attention' as const } : failure;
  return await failureOfStep(deps, phase, input, new FailureError(cause));
}

/** A batch whose next items cannot be chosen stops for attention; `batch resume` tries it again. */
function holdOf({ code, message }: Failure, args: readonly unknown[]): PageAnswer {
  const [input] = args;
  const [id, forgiven] = isObject(input) ? [input.batchId, input.forgiven] : [];
  const remedy = `Report it with the worker’s log, which has the place in the code. After an upgrade: ecs-image-import batch resume ${id}.`;
  return { kind: 'hold', reason: { code, message, remedy }, failed: typeof forgiven === 'number' ? forgiven : 0 };
}

function isStepInput(value: unknown): value is { readonly importId: string; readonly step: number } {
  return isObject(value) && typeof value.importId === 'string' && typeof value.step === 'number';
}
