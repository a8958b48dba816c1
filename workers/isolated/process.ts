/** Runs one activity alone, in a process that the worker started for it, with the worker's environment. */
import { asyncLocalStorage, Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { CancelledFailure, type Logger, noopMetricMeter } from '@temporalio/common';
import type { Logger as PinoLogger } from 'pino';
import { logProblemsOfProcess } from '../../config/logged-error.js';
import { connectionOptions } from '../../config/temporal.js';
import { workerConfigFromEnvironment, workerSettings } from '../../config/worker.js';
import { programVersion } from '../../store/program-version.js';
import { createLog } from '../../telemetry/log.js';
import { clientPayloadOptions, openPayloads } from '../../temporal/payloads.js';
import { openDependencies } from '../dependencies.js';
import { createActivities } from '../index.js';
import { runAs } from '../watchdog/running-activity.js';
import { startWatchdog } from '../watchdog/watchdog.js';
import { type FromProcess, type IsolatedTask, type ToProcess, toPlain } from './messages.js';

const { logLevel, logFormat, blockedLimitMs, ...config } = workerConfigFromEnvironment(process.env);
const log = createLog({ name: 'isolated activity', level: logLevel, format: logFormat });
logProblemsOfProcess(log);
const cancellation = new AbortController();

process.on('message', (message: ToProcess) => {
  if (message.kind === 'cancel') cancellation.abort(new CancelledFailure(message.message));
  else void run(message.task);
});
// The worker has ended: another one retries the activity.
process.once('disconnect', () => process.exit(1));

async function run(task: IsolatedTask): Promise<void> {
  const { activity, info, reportsDir } = task;
  const settings = workerSettings(config);
  const running = { activity, subject: info.workflowExecution?.workflowId ?? '', attempt: info.attempt };
  startWatchdog({
    ...{ limitMs: blockedLimitMs, reportsDir, databaseUrl: null, host: settings.host, endsWithParent: true },
    ...{ version: programVersion(), name: 'isolated activity' },
  }).started(running);
  try {
    const dependencies = await openDependencies(settings, undefined, (problem) => log.warn(problem));
    const payloads = await openPayloads(settings.payloadKeys, dependencies.payloadKeys, (problem) => log.warn(problem));
    dependencies.useKeys(payloads?.keyring ?? null);
    const context = contextOf(
      task,
      new Client({
        connection: Connection.lazy(connectionOptions(settings.temporal)),
        namespace: settings.temporal.namespace,
        ...clientPayloadOptions(payloads),
      }),
    );
    const activities: Readonly<Record<string, unknown>> = createActivities(dependencies);
    const named = activities[activity];
    if (typeof named !== 'function') throw new Error(`activity ${activity} does not exist`);
    const value: unknown = await runAs(running, () =>
      asyncLocalStorage.run(context, async () => Reflect.apply(named, undefined, [...task.args])),
    );
    end({ kind: 'result', value });
  } catch (error) {
    end({ kind: 'failure', failure: toPlain(error) });
  }
}

function contextOf({ info }: IsolatedTask, client: Client): Context {
  const { signal } = cancellation;
  const cancelled = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // Unhandled where no activity waits for it.
  cancelled.catch(() => undefined);
  const heartbeat = (details?: unknown) => send({ kind: 'heartbeat', details });
  return new Context(info, cancelled, signal, heartbeat, client, loggerOf(log), noopMetricMeter, {});
}

function loggerOf(to: PinoLogger): Logger {
  const at = (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
    to[level](meta ?? {}, message);
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  return {
    log: (level, message, meta) => to[levels[level]](meta ?? {}, message),
    ...{ trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
  };
}

function send(message: FromProcess): void {
  process.send?.(message);
}

/** The last message: the process ends when it was sent. */
function end(message: FromProcess): void {
  process.send?.(message, undefined, undefined, () => process.exit(0));
}
