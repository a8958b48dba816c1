/** The worker process: configured by the environment, logs to stderr, reports readiness on stdout, shuts down on SIGTERM or SIGINT. */
import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { LogLevel } from '../config/environment.js';
import { logErrorOf, logProblemsOfProcess } from '../config/logged-error.js';
import { workerConfigFromEnvironment, workerSettings } from '../config/worker.js';
import { importIdOfWorkflow } from '../domain/ids.js';
import { type Confinement, confinementOf } from '../images/convert/confinement.js';
import { programVersion } from '../store/program-version.js';
import { createLog } from '../telemetry/log.js';
import { tracesAreOn } from '../telemetry/trace-settings.js';
import { phaseOfActivity, type Supervision } from './activity-interceptor.js';
import { runIsolated } from './isolated/run-isolated.js';
import { reportsDirOf, runSupervisedWorker } from './run-worker.js';
import { createWorkerTelemetry } from './telemetry.js';
import { startWatchdog } from './watchdog/watchdog.js';

export async function runWorkerProcess(env: NodeJS.ProcessEnv): Promise<void> {
  const { logLevel, logFormat, blockedLimitMs, healthAddress, ...config } = workerConfigFromEnvironment(
    env,
    programVersion(),
  );
  const settings = workerSettings(config);
  const log = createLog({ name: 'worker', level: logLevel, format: logFormat });
  logProblemsOfProcess(log);
  // Loaded only if they are on.
  const traces = tracesAreOn(env) ? (await import('./traces.js')).startWorkerTraces(programVersion()) : null;
  const telemetry = healthAddress === null ? null : createWorkerTelemetry(healthAddress, settings);
  Runtime.install({
    logger: temporalLogger(log, logLevel),
    // Otherwise the native part of the SDK prints its lines to the console, in another format.
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(telemetry === null ? {} : { metrics: { buffer: telemetry.sdkMetrics } }),
    },
    shutdownSignals: [],
  });
  const watch = () =>
    startWatchdog({
      ...{ limitMs: blockedLimitMs, reportsDir: reportsDirOf(settings), databaseUrl: settings.databaseUrl },
      ...{ host: settings.host, version: programVersion(), name: 'worker', endsWithParent: false },
    });
  const runAlone: Supervision['runAlone'] = (context, args) => {
    log.warn(
      { ...context.info.workflowExecution },
      `activity ${context.info.activityType} runs alone: it has blocked workers`,
    );
    return runIsolated(context, args, env);
  };
  const { confinement, reason } = confinementOf();
  if (reason !== null) log.warn(`${CONFINEMENT[confinement]}: ${reason}`);
  const shutdown = new AbortController();
  shutdown.signal.addEventListener('abort', () => telemetry?.drain(), { once: true });
  await logErrorOf(log, async () => {
    if (telemetry !== null) log.info({ url: await telemetry.open() }, 'health checks and metrics are served');
    await runSupervisedWorker(
      config,
      {
        signal: shutdown.signal,
        onReady() {
          // Installed only now, so that a process that still waits for its servers ends immediately.
          for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => shutdown.abort());
          process.stdout.write('ready worker\n');
          log.info({ host: config.host, temporal: config.temporal?.address }, 'worker started polling');
        },
        onProblem: (problem) => log.warn(problem),
        onRecovery: () => log.info('PostgreSQL can be used again'),
      },
      {
        startWatchdog: watch,
        runAlone,
        ...(telemetry === null ? {} : { observer: telemetry.observer }),
        ...(traces === null ? {} : { traces }),
      },
    ).finally(() => Promise.all([telemetry?.close(), traces?.stop()]));
  });
}

const CONFINEMENT: Readonly<Record<Confinement, string>> = {
  isolated: 'conversions are isolated',
  unprivileged:
    'conversions run without privileges, but not in namespaces of their own, which this host does not allow (docs/operations.md)',
  limited: 'conversions run with limits only, which this host cannot confine further (docs/operations.md)',
};

/** Log lines of the SDK and of the activities, in the format of this process. */
function temporalLogger(log: Logger, level: LogLevel): DefaultLogger {
  return new DefaultLogger(SDK_LEVELS[level], ({ level: of, message, meta }: LogEntry) => {
    log[ROUTINE.test(message) ? 'debug' : PINO_LEVELS[of]](ownFields(meta ?? {}), message);
  });
}

/** The fields that all lines of this service have, from those that the SDK gives to lines of workflows and activities. */
function ownFields({ namespace: _namespace, taskToken: _token, ...fields }: Record<string, unknown>) {
  const { workflowId, activityType, trace_id: traceId } = fields;
  const importId = typeof workflowId === 'string' ? importIdOfWorkflow(workflowId) : null;
  const phase = typeof activityType === 'string' ? phaseOfActivity(activityType) : undefined;
  return {
    ...(importId === null ? {} : { importId }),
    ...(phase === undefined ? {} : { phase }),
    ...(traceId === undefined ? {} : { traceId }),
    ...fields,
  };
}

/** Only one of the queues has workflows: that the others have none is no warning. */
const ROUTINE = /^No (workflows|Nexus services) registered/;

const SDK_LEVELS = { trace: 'TRACE', debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;
const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
