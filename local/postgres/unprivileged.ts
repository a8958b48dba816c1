/** Runs PostgreSQL, which refuses to run as root, as another user with the fewest capabilities possible. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StackError } from '../supervisor/stack-error.js';
import type { Command } from '../supervisor/supervised-part.js';

const execute = promisify(execFile);

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Runner {
  /** The owner that files need; null: the user of this process. */
  readonly account: Account | null;
  /** Changes a command so that it runs as the account. */
  readonly wrap: (command: Command) => Command;
}

const SAME_USER: Runner = { account: null, wrap: (command) => command };

/**
 * Tries the account without capabilities, then with the capability to enter folders of other users (root's home, a
 * folder of `mktemp -d`), until it can enter `folder` and run `program`.
 */
export async function unprivilegedRunner(program: string, folder: string): Promise<Runner> {
  if (process.getuid?.() !== 0) return SAME_USER;
  const account = await findAccount();
  for (const capabilities of [[], ['--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override']]) {
    const runner = setprivRunner(account, capabilities);
    const probe = runner.wrap({
      file: '/bin/sh',
      args: ['-c', 'cd "$1" && exec "$2" --version', 'probe', folder, program],
      env: process.env,
    });
    const works = await execute(probe.file, [...probe.args], { cwd: '/', timeout: 10_000 }).then(
      () => true,
      () => false,
    );
    if (works) return runner;
  }
  throw new StackError(
    `PostgreSQL does not run as root, and user ${account.uid} can't access ${folder} or run ${program}: run this command as an unprivileged user, set --data to a folder that other users can enter, or set DATABASE_URL`,
  );
}

function setprivRunner({ uid, gid }: Account, capabilities: readonly string[]): Runner {
  const options = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...capabilities];
  return {
    account: { uid, gid },
    wrap: ({ file, args, env }) => ({ file: 'setpriv', args: [...options, file, ...args], env }),
  };
}

/** `postgres` if it exists, else `nobody`. */
async function findAccount(): Promise<Account> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const entry = lines.find(([name]) => name === wanted);
    const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
    if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) return { uid, gid };
  }
  throw new StackError(
    'PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody: run this command as an unprivileged user, or set DATABASE_URL',
  );
}
