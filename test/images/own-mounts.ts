/** Mounts that end with the program, however it ends: those of a killed proof would keep its files and loop devices. */
import { spawnSync } from 'node:child_process';

const SYSTEM_ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const MARK = 'ECS_IMPORT_OWN_MOUNTS';

/** Continues in a mount namespace of its own. Only root may make one, and mount. */
export function continueWithOwnMounts(): void {
  if (process.getuid?.() !== 0 || process.env[MARK] !== undefined) return;
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // The kernel ends the program if this process is killed.
  const { status } = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', ...program], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: 'true' },
  });
  process.exit(status ?? 1);
}

const RELEASED_WITHIN_MS = 120_000;

/**
 * Waits until no loop device has this file any more. `umount` does not wait for it, and on a busy machine the next `mount` would take
 * the same device, with the old content in its cache.
 */
export function untilReleased(file: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const end = Date.now() + RELEASED_WITHIN_MS; Date.now() < end; Atomics.wait(pause, 0, 0, 20)) {
    const { status, stdout } = spawnSync('losetup', ['--associated', file], { env: SYSTEM_ENV, encoding: 'utf8' });
    if (status === 0 && stdout === '') return;
  }
  throw new Error(`a loop device keeps ${file}`);
}
