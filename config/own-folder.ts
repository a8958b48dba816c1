/** Folders in places where other users may write, such as /var/tmp: another user must not be able to plant one. */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes the folder, or checks that the existing one is a real folder of this user that no other user can write to.
 * The parent must exist, and other users must not be able to rename entries in it. Throws the reason.
 */
export function openOwnFolder(folder: string, mode: number): void {
  const uid = process.getuid?.();
  if (uid !== undefined) checkParent(path.dirname(folder), uid);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const info = lstatSync(folder);
  if (!info.isDirectory()) throw new Error('it is not a folder');
  if (uid === undefined) return;
  if (info.uid !== uid) throw new Error('it belongs to another user');
  if ((info.mode & 0o022) !== 0) throw new Error('other users can write to it');
  // The umask may have narrowed the mode.
  if ((info.mode & 0o777) !== mode) chmodSync(folder, mode);
}

function checkParent(parent: string, uid: number): void {
  const info = lstatSync(parent);
  if (!info.isDirectory()) throw new Error(`${parent} is not a folder`);
  if (info.uid !== 0 && info.uid !== uid) throw new Error(`${parent} belongs to another user`);
  const [othersWrite, sticky] = [(info.mode & 0o022) !== 0, (info.mode & 0o1000) !== 0];
  if (othersWrite && !sticky) throw new Error(`other users can replace entries of ${parent}`);
}

/** The same for a folder that only this user may enter; false instead of an error. */
export function claimOwnFolder(folder: string): boolean {
  try {
    openOwnFolder(folder, 0o700);
    return true;
  } catch {
    return false;
  }
}
