/** The home folder of this user. */
import os from 'node:os';
import path from 'node:path';
import { claimOwnFolder } from './own-folder.js';

/**
 * HOME, else the folder in the system's list of users. Null: HOME is unset and the user is not in that list, as with
 * `docker run --user 12345`, where Node's `homedir` throws.
 */
export function homeFolder(): string | null {
  for (const read of [() => os.homedir(), () => os.userInfo().homedir]) {
    try {
      const folder = read();
      if (path.isAbsolute(folder)) return folder;
    } catch {
      // Not in the list of users.
    }
  }
  return null;
}

/** /var/tmp outlives a restart of the machine. */
export function temporaryFolders(): readonly string[] {
  return [...new Set(['/var/tmp', os.tmpdir(), '/tmp'])];
}

/** For a user without a home folder, or with a read-only one: a private folder that all commands of the user find. */
export function substituteHome(): string {
  const names = temporaryFolders().map((folder) => path.join(folder, `ecs-image-import-${process.getuid?.() ?? 0}`));
  // If there is none, the first command that writes to it reports it.
  return names.find((name) => claimOwnFolder(name)) ?? path.join('/nonexistent', 'ecs-image-import');
}
