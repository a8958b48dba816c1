/** The temporary folder of a demo. Only its user can read it. The next demo removes the folder of a killed one. */
import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseHolder } from '../local/supervisor/lock.js';
import { isAlive } from '../local/supervisor/processes.js';
import { messageOf, StackError } from '../local/supervisor/stack-error.js';
import { openSupervisor } from '../local/supervisor/supervisor.js';

const PREFIX = 'ecs-image-import-demo-';
/** For `--keep`: a separate prefix, so that no later demo removes the folder. */
const KEPT_PREFIX = 'ecs-image-import-kept-';

export interface DemoFolder {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

export async function makeDemoFolder(options: { readonly keep: boolean }): Promise<DemoFolder> {
  const folder = await mkdtemp(path.join(os.tmpdir(), options.keep ? KEPT_PREFIX : PREFIX)).catch((error: unknown) => {
    throw new StackError(
      `can't make a folder in ${os.tmpdir()}: ${messageOf(error)}; set TMPDIR to a folder that can be written`,
    );
  });
  return {
    path: folder,
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Stops the processes and removes the folders of demos that were killed. */
export async function removeAbandonedDemos(say: (line: string) => void): Promise<void> {
  const names = await readdir(os.tmpdir()).catch(() => []);
  for (const name of names.filter((entry) => entry.startsWith(PREFIX))) {
    const folder = path.join(os.tmpdir(), name);
    // The files in a folder of another user could name processes that are not a demo's.
    if ((await lstat(folder).catch(() => null))?.uid !== process.getuid?.()) continue;
    // A killed demo leaves its lock file. The lock file of another user can't be read.
    const holder = parseHolder(await readFile(path.join(folder, 'up.lock'), 'utf8').catch(() => ''));
    if (holder === null || isAlive(holder)) continue;
    try {
      const supervisor = await openSupervisor({ dataDir: folder, say });
      await supervisor.stop();
      await rm(folder, { recursive: true, force: true });
    } catch {
      // Another demo is removing it concurrently.
    }
  }
}
