/**
 * Runs an activity that has blocked several workers in a process of its own, so that other work continues. Only if it
 * blocks that process too, it fails.
 */
import { fork } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Context } from '@temporalio/activity';
import { fail } from '../../domain/errors/index.js';
import { type FromProcess, fromPlain, type ToProcess } from './messages.js';

const LONGEST_BEAT_MS = 1_000;
const BEATS_PER_TIMEOUT = 4;
/** A cancelled activity may still abort a request to the cloud. */
const CANCEL_WITHIN_MS = 30_000;

/** Rejects with the activity's own error, or with a `FailureError` if its process ended without a result. */
export async function runIsolated(
  context: Context,
  args: readonly unknown[],
  env: NodeJS.ProcessEnv,
): Promise<unknown> {
  const { info } = context;
  const reportsDir = await mkdtemp(path.join(tmpdir(), 'ecs-image-import-isolated-'));
  const suffix = path.extname(import.meta.filename);
  const child = fork(path.join(import.meta.dirname, `process${suffix}`), {
    env,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const send = (message: ToProcess) => child.send(message, () => undefined);
  let killing: NodeJS.Timeout | undefined;
  const cancel = () => {
    send({ kind: 'cancel', message: messageOf(context.cancellationSignal.reason) });
    killing = setTimeout(() => child.kill('SIGKILL'), CANCEL_WITHIN_MS);
  };
  // The process sends none while it is blocked: its watchdog ends it, and until then this attempt stays the current one.
  let details: unknown = info.heartbeatDetails;
  const everyMs = Math.min(LONGEST_BEAT_MS, (info.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY) / BEATS_PER_TIMEOUT);
  const beat = setInterval(() => context.heartbeat(details), everyMs);
  try {
    return await new Promise<unknown>((resolve, reject) => {
      child.on('message', (message: FromProcess) => {
        if (message.kind === 'heartbeat') {
          details = message.details;
          context.heartbeat(details);
        } else if (message.kind === 'result') resolve(message.value);
        else reject(fromPlain(message.failure));
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        endOf(info.activityType, reportsDir, signal ?? `exit code ${code}`).then(reject, reject);
      });
      send({ kind: 'run', task: { activity: info.activityType, args, info, reportsDir } });
      context.cancellationSignal.addEventListener('abort', cancel, { once: true });
      if (context.cancellationSignal.aborted) cancel();
    });
  } finally {
    context.cancellationSignal.removeEventListener('abort', cancel);
    clearInterval(beat);
    clearTimeout(killing);
    child.kill('SIGKILL');
    await rm(reportsDir, { recursive: true, force: true });
  }
}

/** Ended by its watchdog: a defect. Ended otherwise, for example for lack of memory: a failure of the host. */
async function endOf(activity: string, reportsDir: string, how: string): Promise<Error> {
  const [report] = await readdir(reportsDir);
  if (report === undefined) {
    return fail('Host.ProcessKilled', `the process that runs activity ${activity} alone was ended (${how})`);
  }
  const { stack } = JSON.parse(await readFile(path.join(reportsDir, report), 'utf8'));
  const at = typeof stack === 'string' ? stack.split('\n')[0] : '';
  return fail('Worker.ActivityBlocked', `activity ${activity} stopped responding in a process of its own, at ${at}`);
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : 'CANCELLED';
}
