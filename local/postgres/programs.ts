/**
 * PostgreSQL's programs where its account can run them: in node_modules, else as a copy. Root's node_modules may be in a
 * folder that other accounts cannot enter (/root has mode 0700), and a read-only one may be incomplete.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { openOwnFolder } from '../../config/own-folder.js';
import { messageOf, StackError } from '../supervisor/stack-error.js';
import type { Account } from '../supervisor/supervised-part.js';
import {
  binariesIn,
  completeLinks,
  findPostgresPackage,
  type PostgresBinaries,
  type PostgresPackage,
} from './binaries.js';
import { copyTree, isSameTree } from './tree-copy.js';

const execute = promisify(execFile);

/** Programs that `account` can run; null: the account of this process. `StackError` if no folder is suitable for them. */
export async function postgresPrograms(account: Account | null, folders: readonly string[]): Promise<PostgresBinaries> {
  const found = await findPostgresPackage();
  const complete = await completeLinks(found.folder, found.links);
  const problem = complete ? await whyNotRunnable(found.folder, account) : 'links are missing in it';
  if (problem === null) return binariesIn(found.folder);
  const attempts = [`${found.folder}: ${problem}`];
  for (const folder of folders) {
    try {
      const copy = await obtainCopy(found, folder);
      const reason = await whyNotRunnable(copy, account);
      if (reason === null) return binariesIn(copy);
      attempts.push(`${folder}: ${reason}`);
    } catch (error) {
      attempts.push(`${folder}: ${messageOf(error)}`);
    }
  }
  const who = account === null ? 'this user' : `user ${account.uid}, because PostgreSQL does not run as root`;
  throw new StackError(
    `${who}, can't run the PostgreSQL programs from any folder (${attempts.join('; ')}): install the package in a folder that all users can enter, or set DATABASE_URL`,
  );
}

/** Reads a file of each kind and runs a program, as that account. */
async function whyNotRunnable(folder: string, account: Account | null): Promise<string | null> {
  const { initdb, postgres, share } = binariesIn(folder);
  const script = 'test -x "$1" && test -r "$2" && exec "$3" --version';
  try {
    await execute('/bin/sh', ['-c', script, 'probe', initdb, path.join(share, 'postgres.bki'), postgres], {
      ...account,
      cwd: '/',
      timeout: 30_000,
    });
    return null;
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : '';
    return stderr || 'its programs cannot be read or run there';
  }
}

/** A copy in `folder`, made once per version. */
async function obtainCopy(found: PostgresPackage, folder: string): Promise<string> {
  // The cache of an ordinary user may be missing above it.
  if (process.getuid?.() !== 0) await mkdir(path.dirname(folder), { recursive: true, mode: 0o700 });
  openOwnFolder(folder, 0o755);
  const copy = path.join(folder, `${path.basename(found.name)}-postgresql-${found.version}`);
  if (await isSameTree(found.folder, copy)) return copy;
  const draft = await mkdtemp(path.join(folder, '.copying-'));
  try {
    const fresh = path.join(draft, 'fresh');
    await copyTree(found.folder, fresh);
    await completeLinks(fresh, found.links);
    // An incomplete copy, for example after a clean-up of temporary files, moves aside.
    await rename(copy, path.join(draft, 'incomplete')).catch(() => undefined);
    await rename(fresh, copy).catch(async (error: unknown) => {
      // Another start has made the copy meanwhile.
      if (!(await isSameTree(found.folder, copy))) throw error;
    });
    return copy;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
