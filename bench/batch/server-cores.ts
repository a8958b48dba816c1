/**
 * Limits the Temporal server to a share of the processors (cgroup version 1 or 2, as root): the server is then what limits a run,
 * as where it has machines of its own, although all parts share this one.
 */
import { existsSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tree } from './measure.js';

const PERIOD_US = 20_000;
const ROOT = '/sys/fs/cgroup';

/** Limits the process and its descendants. Returns what removes the limit's group after the process has ended. */
export async function limitCores(pid: number, cores: number): Promise<() => Promise<void>> {
  const isUnified = existsSync(path.join(ROOT, 'cgroup.controllers'));
  const group = path.join(ROOT, isUnified ? '' : 'cpu', `bench-batch-${pid}`);
  const quota = String(Math.round(cores * PERIOD_US));
  try {
    if (isUnified) await writeFile(path.join(ROOT, 'cgroup.subtree_control'), '+cpu');
    await mkdir(group);
    if (isUnified) await writeFile(path.join(group, 'cpu.max'), `${quota} ${PERIOD_US}`);
    else {
      await writeFile(path.join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
      await writeFile(path.join(group, 'cpu.cfs_quota_us'), quota);
    }
    for (const { pid: member } of await tree(pid)) await writeFile(path.join(group, 'cgroup.procs'), String(member));
  } catch (error) {
    throw new Error(`--server-cores needs root and a writable ${ROOT}`, { cause: error });
  }
  return async () => {
    // The system forgets the members of a group some time after they have ended.
    for (let left = 50; left > 0; left--) {
      const isRemoved = await rmdir(group).then(
        () => true,
        () => false,
      );
      if (isRemoved) return;
      await delay(100);
    }
  };
}
