/** The checks of `doctor` of the schema and of the folder for images. */
import { access, constants, statfs } from 'node:fs/promises';
import path from 'node:path';
import { databaseOwner } from '../config/database.js';
import { parseBytes } from '../config/environment.js';
import { WORKER_DEFAULTS } from '../config/worker.js';
import { type DoctorCheck, failed, ok, skipped, warning } from '../domain/checkup.js';
import { formatBytes } from '../domain/format-bytes.js';
import { openPool } from '../store/database.js';
import { createDatabaseChecks } from '../store/schema-check.js';
import { messageOf } from './supervisor/stack-error.js';

const LOW_BYTES = 10 * 1024 ** 3;

/** The folder of a worker that this environment would start. */
export async function checkCache(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  const name = 'cache';
  const folder = env.ECS_IMPORT_CACHE_DIR || WORKER_DEFAULTS.cacheDir;
  const limit = parseBytes(env.ECS_IMPORT_CACHE_LIMIT || '200G') ?? 0;
  const remedy =
    'Set ECS_IMPORT_CACHE_DIR to a folder that the worker may write, on a disk with room for the largest image.';
  try {
    const existing = await firstThatExists(folder);
    await access(existing, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(existing);
    const free = bavail * bsize;
    const found = `${folder}${existing === folder ? '' : ' (created when it is needed)'}: ${formatBytes(free)} free, limit ${formatBytes(limit)}`;
    return free < Math.min(LOW_BYTES, limit) ? warning(name, found, remedy) : ok(name, found);
  } catch (error) {
    return failed(name, `${folder} cannot be written: ${messageOf(error)}`, remedy);
  }
}

async function firstThatExists(folder: string): Promise<string> {
  try {
    await access(folder);
    return folder;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT') || path.dirname(folder) === folder)
      throw error;
    return await firstThatExists(path.dirname(folder));
  }
}

/** Whether the database has the migrations that this version needs. */
export async function checkSchema(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  const name = 'schema';
  if (!env.DATABASE_URL) return skipped(name, 'DATABASE_URL is not set; each process checks it when it starts');
  const pool = openPool({ url: databaseOwner(env).url, applicationName: 'ecs-image-import doctor', maxConnections: 1 });
  try {
    return ok(name, await createDatabaseChecks(pool).schemaFits());
  } catch (error) {
    return failed(
      name,
      messageOf(error),
      'Run ecs-image-import migrate with this version, or start it: it applies them.',
      'service',
    );
  } finally {
    await pool.end().catch(() => undefined);
  }
}
