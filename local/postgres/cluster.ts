/** Makes the files of a PostgreSQL database, and gives existing ones to the account that will run it. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, lchown, lstat, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { withAccountName } from '../supervisor/account-name.js';
import { messageOf, StackError } from '../supervisor/stack-error.js';
import type { Account } from '../supervisor/supervised-part.js';
import type { PostgresBinaries } from './binaries.js';

export const USER = 'ecs_image_import';

export interface ClusterOptions {
  readonly binaries: PostgresBinaries;
  readonly cluster: string;
  readonly passwordFile: string;
  /** Null: the account of this process. */
  readonly account: Account | null;
  readonly env: NodeJS.ProcessEnv;
  /** Where files that the account must reach may be kept, best first. */
  readonly folders: readonly string[];
}

/** How a program is started so that it finds the cluster. */
export interface ClusterAccess {
  /** The cluster's path for the program. */
  readonly path: string;
  readonly cwd: string;
}

/**
 * Another account may not be able to enter the folders above the cluster (/root has mode 0700). Node enters the working
 * directory before it changes the account, and the kernel resolves /proc/self/cwd without those folders.
 */
export function accessTo(cluster: string, account: Account | null): ClusterAccess {
  return account !== null && process.platform === 'linux'
    ? { path: '/proc/self/cwd', cwd: cluster }
    : { path: cluster, cwd: '/' };
}

/** Makes it under another name and renames it: a cluster that exists is complete, even after a kill. */
export async function makeCluster(options: ClusterOptions): Promise<void> {
  const { cluster, passwordFile, account } = options;
  const draft = `${cluster}.draft`;
  await rm(draft, { recursive: true, force: true });
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  try {
    await mkdir(draft, { mode: 0o700 });
    if (account !== null) {
      await lchown(draft, account.uid, account.gid);
      await lchown(passwordFile, account.uid, account.gid);
    }
    await runInitdb(options, draft);
    await rename(draft, cluster);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw new StackError(`can't make a PostgreSQL database in ${cluster}: ${messageOf(error)}`, { cause: error });
  }
}

/** Root may have restored the cluster from a backup: PostgreSQL requires that its account owns all files. */
export async function ownCluster(cluster: string, account: Account | null): Promise<void> {
  if (account === null || (await stat(cluster)).uid === account.uid) return;
  await giveTree(cluster, account);
}

async function giveTree(entry: string, { uid, gid }: Account): Promise<void> {
  const info = await lstat(entry);
  if (info.isDirectory()) for (const name of await readdir(entry)) await giveTree(path.join(entry, name), { uid, gid });
  // The folder last: until then the next start sees that it is not finished.
  await lchown(entry, uid, gid);
}

async function runInitdb(
  { binaries, passwordFile, account, env, folders }: ClusterOptions,
  draft: string,
): Promise<void> {
  const access = accessTo(draft, account);
  const passwords = await open(passwordFile, 'r');
  try {
    const child = spawn(
      binaries.initdb,
      [
        ...['--pgdata', access.path, '--username', USER, '--auth', 'scram-sha-256'],
        ...['--pwfile', process.platform === 'linux' ? '/proc/self/fd/3' : passwordFile],
        // The built-in locale: the same order of names on every machine, whatever locales it has.
        ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      ],
      {
        ...account,
        cwd: access.cwd,
        env: await withAccountName(env, account, folders),
        stdio: ['ignore', 'ignore', 'pipe', passwords.fd],
        timeout: 120_000,
      },
    );
    const [reason, output] = await Promise.all([
      exitReason(child),
      child.stderr === null ? '' : text(child.stderr).catch(() => ''),
    ]);
    if (reason !== null) throw new Error(firstProblem(output) ?? reason);
  } finally {
    await passwords.close();
  }
}

function exitReason(child: ReturnType<typeof spawn>): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('exit', (code, signal) => resolve(code === 0 ? null : `initdb ended with ${signal ?? `code ${code}`}`));
  });
}

function firstProblem(output: string): string | undefined {
  return output
    .split('\n')
    .find((line) => /error|fatal|could not|no space/i.test(line))
    ?.trim();
}
