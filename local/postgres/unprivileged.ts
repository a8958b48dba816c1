/** How a program that refuses to run as root is run by root: as another user, with as little power as its paths need. */
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

/** The account that programs run under, and how a command becomes one that runs under it. */
export interface Runner {
  /** Null: the account of this process; nothing needs to be given away. */
  readonly account: Account | null;
  readonly wrap: (command: Command) => Command;
}

const AS_I_AM: Runner = { account: null, wrap: (command) => command };

/**
 * The first way in which the account may enter `folder` and run `program`: plainly, else with the one capability that
 * lets it pass folders closed to others (a home of root, a fresh `mktemp -d`).
 */
export async function unprivilegedRunner(program: string, folder: string): Promise<Runner> {
  if (process.getuid?.() !== 0) return AS_I_AM;
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
    `PostgreSQL does not run as root, and user ${account.uid} may not enter ${folder} or run ${program}: start as an ordinary user, give --data a folder that others may enter, or set DATABASE_URL`,
  );
}

function setprivRunner({ uid, gid }: Account, capabilities: readonly string[]): Runner {
  const options = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...capabilities];
  return {
    account: { uid, gid },
    wrap: ({ file, args, env }) => ({ file: 'setpriv', args: [...options, file, ...args], env }),
  };
}

/** `postgres` where it exists, else `nobody`. */
async function findAccount(): Promise<Account> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const entry = lines.find(([name]) => name === wanted);
    const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
    if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) return { uid, gid };
  }
  throw new StackError(
    'PostgreSQL does not run as root and this machine has neither a user postgres nor nobody: start as an ordinary user, or set DATABASE_URL',
  );
}
