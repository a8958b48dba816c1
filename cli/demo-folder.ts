/** The folder of a demo: temporary, closed to others, and swept away by a later demo when its own was killed. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseHolder } from '../local/supervisor/lock.js';
import { isAlive } from '../local/supervisor/processes.js';
import { openSupervisor } from '../local/supervisor/supervisor.js';

const PREFIX = 'ecs-image-import-demo-';
/** Another name, so that no sweep touches what a person asked to keep. */
const KEPT_PREFIX = 'ecs-image-import-kept-';

export interface DemoFolder {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

export async function makeDemoFolder(options: { readonly keep: boolean }): Promise<DemoFolder> {
  const folder = await mkdtemp(path.join(os.tmpdir(), options.keep ? KEPT_PREFIX : PREFIX));
  return {
    path: folder,
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Removes what demos left that were killed before they could. */
export async function sweepDemoFolders(say: (line: string) => void): Promise<void> {
  const names = await readdir(os.tmpdir());
  for (const name of names.filter((entry) => entry.startsWith(PREFIX))) {
    const folder = path.join(os.tmpdir(), name);
    // A demo that was killed leaves its lock; another user's can't be read.
    const holder = parseHolder(await readFile(path.join(folder, 'up.lock'), 'utf8').catch(() => ''));
    if (holder === null || isAlive(holder)) continue;
    try {
      const supervisor = await openSupervisor({ dataDir: folder, say });
      await supervisor.stop();
      await rm(folder, { recursive: true, force: true });
    } catch {
      // Another demo is sweeping it at the same time.
    }
  }
}
