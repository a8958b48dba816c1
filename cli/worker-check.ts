/** The check of `doctor` for workers: asks the API, or reads the reports of the workers where only a database is set. */

import { withPasswordFile } from '../config/database.js';
import { type DoctorCheck, failed, ok, skipped, warning } from '../domain/checkup.js';
import { isObject } from '../domain/json-value.js';
import { MAIN_QUEUE } from '../domain/process-names.js';
import { startWorkerRemedy } from '../domain/worker-wait.js';
import { openPool } from '../store/database.js';
import { createWorkerLiveness } from '../store/worker-liveness.js';
import { openApi, parse } from './api.js';

const NAME = 'worker';
const NOT_READY = 503;

/** @param api its URL; null if none is known */
export async function checkWorkers(api: string | null, env: NodeJS.ProcessEnv): Promise<readonly DoctorCheck[]> {
  if (api !== null) return await askApi(api, env);
  if (env.DATABASE_URL) return [await readReports(env, env.DATABASE_URL)];
  return [skipped(NAME, 'no service is running')];
}

async function askApi(api: string, env: NodeJS.ProcessEnv): Promise<readonly DoctorCheck[]> {
  try {
    const { text } = await openApi({ api }, env).call({ method: 'GET', path: '/readyz', alsoFine: [NOT_READY] });
    const ready = parse(text);
    const checks = isObject(ready) && Array.isArray(ready.checks) ? ready.checks.filter(isObject) : [];
    const found = checks.find((check) => check.name === NAME);
    if (found === undefined) return [failed(NAME, `${api} did not report its workers`, 'Correct --api.', 'request')];
    const message = String(found.message);
    const worker = found.ok === true ? ok(NAME, message) : failed(NAME, message, startWorkerRemedy(null), 'not-ready');
    return [worker, ...searchAttributes(checks.find((check) => check.name === 'temporal'))];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [failed(NAME, reason, 'Start the service with `ecs-image-import up`, or correct --api.', 'service')];
  }
}

/** The service works without them, so that only a warning shows that they are missing. */
function searchAttributes(temporal: Readonly<Record<string, unknown>> | undefined): readonly DoctorCheck[] {
  if (temporal?.ok !== true || temporal.message === 'ok') return [];
  const [found = '', remedy = ''] = String(temporal.message).split(': Register them: ');
  return [warning('search attributes', found, `Register them: ${remedy}`)];
}

async function readReports(env: NodeJS.ProcessEnv, databaseUrl: string): Promise<DoctorCheck> {
  const namespace = env.TEMPORAL_NAMESPACE || 'default';
  const url = withPasswordFile('DATABASE_URL', databaseUrl, env.DATABASE_PASSWORD_FILE || undefined);
  const pool = openPool({ url, applicationName: 'ecs-image-import doctor', maxConnections: 1 });
  try {
    const workers = await createWorkerLiveness(pool).workersOf(namespace, MAIN_QUEUE);
    const alive = workers.filter((worker) => worker.alive).map(({ host }) => host);
    if (alive.length > 0) return ok(NAME, `${alive.length} in namespace ${namespace}: ${alive.join(', ')}`);
    const last =
      workers[0] === undefined ? '' : `; the last one, on host ${workers[0].host}, stopped at ${workers[0].seenAt}`;
    return warning(NAME, `no worker of namespace ${namespace} reports to the database${last}`, startWorkerRemedy(null));
  } catch {
    return skipped(NAME, 'the database cannot be read');
  } finally {
    await pool.end().catch(() => undefined);
  }
}
