/** The checks of `doctor` of the schema and of the folder for images. */
import { access, constants, statfs } from 'node:fs/promises';
import path from 'node:path';
import { withPasswordFile } from '../config/database.js';
import { parseBytes } from '../config/environment.js';
import { WORKER_DEFAULTS } from '../config/worker.js';
import { type DoctorCheck, failed, ok, skipped, warning } from '../domain/checkup.js';
import { formatBytes } from '../domain/format-bytes.js';
import { openPool } from '../store/database.js';
import { createDatabaseChecks } from '../store/schema-check.js';
import { upCacheDir } from './supervisor/folders.js';
import { messageOf } from './supervisor/stack-error.js';

const LOW_BYTES = 10 * 1024 ** 3;

/**
 * The folder of a worker that this environment would start, or of the running `up`.
 * @param dataDir of the running `up`; null if none runs
 */
export async function checkCache(env: NodeJS.ProcessEnv, dataDir: string | null): Promise<DoctorCheck> {
  const name = 'cache';
  const folder = env.ECS_IMPORT_CACHE_DIR || (dataDir === null ? WORKER_DEFAULTS.cacheDir : upCacheDir(dataDir));
  const limitText = env.ECS_IMPORT_CACHE_LIMIT || '200G';
  const limit = parseBytes(limitText);
  if (limit === null) {
    const found = `ECS_IMPORT_CACHE_LIMIT: ${limitText} is not a number of bytes`;
    return failed(name, found, 'Set a value such as 200G. A worker does not start with this one.', 'request');
  }
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

/** Whether the database has the migrations that this version needs. The row `PostgreSQL` reports a database that does not respond. */
export async function checkSchema(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  const name = 'schema';
  if (!env.DATABASE_URL) return skipped(name, 'DATABASE_URL is not set; each process checks it when it starts');
  const database = await databaseChecks(env.DATABASE_URL, env.DATABASE_PASSWORD_FILE || undefined);
  if (database === null) return skipped(name, 'PostgreSQL cannot be asked');
  try {
    return ok(name, await database.checks.schemaFits());
  } catch (error) {
    return failed(
      name,
      messageOf(error),
      'Run ecs-image-import migrate with this version, or start it: it applies them.',
      'service',
    );
  } finally {
    await database.close();
  }
}

/** Null if the database does not respond, or the variables are invalid. */
async function databaseChecks(databaseUrl: string, passwordFile: string | undefined) {
  if (!URL.canParse(databaseUrl)) return null;
  let url: string;
  try {
    url = withPasswordFile('DATABASE_URL', databaseUrl, passwordFile);
  } catch {
    return null;
  }
  const pool = openPool({ url, applicationName: 'ecs-image-import doctor', maxConnections: 1 });
  const close = () => pool.end().catch(() => undefined);
  const checks = createDatabaseChecks(pool);
  try {
    await checks.responds();
    return { checks, close };
  } catch {
    await close();
    return null;
  }
}
