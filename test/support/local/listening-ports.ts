/** The TCP ports on which the processes of a stack listen in the network of this machine, from /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { PartRecord } from '../../../local/supervisor/stack-file.js';

export interface ListeningPort {
  readonly part: string;
  readonly port: number;
}

export function listeningPorts(parts: readonly PartRecord[]): readonly ListeningPort[] {
  const processes = parentsOf();
  const partOf = (pid: number): string | null => {
    const part = parts.find((one) => one.pid === pid);
    if (part !== undefined) return part.name;
    const parent = processes.get(pid);
    return parent === undefined || parent === 0 ? null : partOf(parent);
  };
  const listening = listeningSockets();
  return [...processes.keys()].flatMap((pid) => {
    const part = partOf(pid);
    if (part === null) return [];
    return socketsOf(pid).flatMap((inode) => {
      const port = listening.get(inode);
      return port === undefined ? [] : [{ part, port }];
    });
  });
}

/** The processes and all below them. */
export function withDescendants(pids: readonly number[]): readonly number[] {
  const parents = parentsOf();
  const isBelow = (pid: number): boolean => pids.includes(pid) || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  return [...new Set([...pids, ...[...parents.keys()].filter(isBelow)])];
}

function parentsOf(): ReadonlyMap<number, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid) => {
      const stat = read(`/proc/${pid}/stat`);
      const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
      return parent === undefined ? [] : [[Number(pid), Number(parent)] as const];
    }),
  );
}

/** Port by inode. State 0A is LISTEN. */
function listeningSockets(): ReadonlyMap<string, number> {
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => read(file).trim().split('\n').slice(1));
  return new Map(
    lines.flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      return state === '0A' ? [[inode, Number.parseInt(local.split(':')[1] ?? '', 16)] as const] : [];
    }),
  );
}

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return target === undefined ? [] : [target];
    });
  } catch {
    // The process has ended.
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
