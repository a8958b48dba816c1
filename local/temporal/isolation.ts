/**
 * Whether the embedded Temporal server can run in a network namespace of its own, and how. The development server has no access
 * control: in the network of this machine, every local account can use its ports.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command, Program } from '../supervisor/supervised-part.js';

export interface Isolation {
  /** Wraps a command so that it runs in the namespace, with an interface for loopback alone. */
  readonly wrap: (command: Command) => Command;
}

/** Why there is none, in one line with the remedy. */
export interface NoIsolation {
  readonly reason: string;
}

/** New files are private, also those that the server creates. */
const ENTER = `umask 077
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || { echo 'the loopback interface cannot be set up: install iproute2' >&2; exit 1; }
exec "$@"`;
const CHECK_TIMEOUT_MS = 10_000;

/**
 * Runs a check in the namespace.
 * @param folder the working directory of the server
 * @param proxy the program of the proxy
 * @param binary the server
 */
export async function findIsolation(
  folder: string,
  [file, ...args]: Program,
  binary: string,
  env: NodeJS.ProcessEnv,
): Promise<Isolation | NoIsolation> {
  if (process.platform !== 'linux') return { reason: 'network namespaces exist on Linux only' };
  const reasons: string[] = [];
  for (const flags of waysToEnter()) {
    const wrap = (command: Command) => wrapped(flags, command);
    const reason = await failureOf(wrap({ file, args: [...args, 'check', binary], env, cwd: folder }));
    if (reason === null) return { wrap };
    reasons.push(reason);
  }
  return { reason: `${reasons[0]}${await kernelSetting()}` };
}

/**
 * Root does not need a user namespace. It is tried first all the same, because the server then has no rights over the machine.
 */
function waysToEnter(): readonly (readonly string[])[] {
  const unprivileged = ['--user', '--map-root-user', '--net'];
  return process.getuid?.() === 0 ? [unprivileged, ['--net']] : [unprivileged];
}

function wrapped(flags: readonly string[], { file, args, env, ...others }: Command): Command {
  return {
    ...others,
    file: 'unshare',
    args: [...flags, '--', '/bin/sh', '-c', ENTER, 'sh', file, ...args],
    // Where `ip` is. Not every user has these folders on PATH.
    env: { ...env, PATH: [env.PATH, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].filter(Boolean).join(path.delimiter) },
  };
}

/** Null if the command succeeds. */
function failureOf({ file, args, env, cwd }: Command): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(file, args, { env, cwd, timeout: CHECK_TIMEOUT_MS }, (error, _stdout, stderr) => {
      if (error === null) resolve(null);
      else if (error.code === 'ENOENT') resolve('`unshare` is not installed: install util-linux');
      else resolve(stderr.trim().split('\n').at(-1) || error.message);
    });
  });
}

/** Settings that forbid it, with the value that they have then. */
const FORBIDDING = [
  ['kernel/apparmor_restrict_unprivileged_userns', '1'],
  ['kernel/unprivileged_userns_clone', '0'],
  ['user/max_user_namespaces', '0'],
  ['user/max_net_namespaces', '0'],
] as const;

async function kernelSetting(): Promise<string> {
  for (const [name, forbids] of FORBIDDING) {
    const value = await readFile(`/proc/sys/${name}`, 'utf8').catch(() => '');
    if (value.trim() === forbids) return ` (${name.replaceAll('/', '.')} is ${forbids})`;
  }
  return '';
}
