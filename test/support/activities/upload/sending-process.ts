/**
 * A process that sends the disks of an import with the activity of a worker. Argument: JSON of `SendingJob`. Prints
 * `started`, then the growth of its memory in bytes or the code of its failure.
 */
import { readFileSync } from 'node:fs';
import { createUpload } from '../../../../activities/upload.js';
import type { StepInput } from '../../../../domain/plan.js';
import { openPool } from '../../../../store/database.js';
import { quietEnvironment } from '../quiet-environment.js';
import { realDependencies } from '../real-dependencies.js';
import type { SendingJob } from './sending.js';

const job: SendingJob = JSON.parse(process.argv[2] ?? '');
const { databaseUrl, address, host, step, plan, attempt, limits, threads, limitRate } = job;
const pool = openPool({ url: databaseUrl, applicationName: 'sending process', maxConnections: 4 });
const program = new URL('../../../../dist/images/stream/thread.js', import.meta.url);
const deps = realDependencies({ pool, host }, address, (_name, part) => part, {
  ...{ limits, threads, program, leaseMs: 15_000 },
  ...(limitRate === null ? {} : { limitRate }),
});
const before = process.memoryUsage.rss();
process.stdout.write('started\n');
const input: StepInput = { ...step, attempt };
const environment = quietEnvironment({ attempt, scheduledTimestampMs: Date.now() });
try {
  await environment.run(() => createUpload(deps)(input, plan));
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  process.stdout.write(`${JSON.stringify({ growth: peak - before })}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ failed: String(error) })}\n`);
}
process.exit();
