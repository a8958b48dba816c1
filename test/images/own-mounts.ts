/** Mounts that end with the program, however it ends: those of a killed proof would keep its files and loop devices. */
import { spawnSync } from 'node:child_process';

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
