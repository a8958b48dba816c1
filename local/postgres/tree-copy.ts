/** Copies a folder of programs so that every account can read and run them, whatever the umask. */
import { chmod, copyFile, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import path from 'node:path';

export async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(target);
  await chmod(target, 0o755);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
    if (entry.isDirectory()) await copyTree(from, to);
    else if (entry.isSymbolicLink()) await symlink(await readlink(from), to);
    else {
      await copyFile(from, to);
      await chmod(to, (await lstat(from)).mode & 0o111 ? 0o755 : 0o644);
    }
  }
}

/** Whether the copy has every file in full length. It may have more. */
export async function isSameTree(source: string, copy: string): Promise<boolean> {
  const there = await lstat(copy).catch(() => null);
  if (there === null || !there.isDirectory()) return false;
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, entry.name), path.join(copy, entry.name)];
    if (entry.isDirectory()) {
      if (!(await isSameTree(from, to))) return false;
      continue;
    }
    const [a, b] = [await lstat(from), await lstat(to).catch(() => null)];
    if (b === null || a.size !== b.size || a.isSymbolicLink() !== b.isSymbolicLink()) return false;
  }
  return true;
}
