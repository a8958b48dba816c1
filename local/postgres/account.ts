/**
 * PostgreSQL refuses to run as root. If this process is root, PostgreSQL runs under another account, with no privileges
 * of root.
 */
import { readFile, stat } from 'node:fs/promises';
import { errorCode, StackError } from '../supervisor/stack-error.js';
import type { Account } from '../supervisor/supervised-part.js';

export interface AccountFacts {
  /** Text of /etc/passwd; empty if there is none. */
  readonly passwd: string;
  /** Text of /proc/self/uid_map and gid_map; empty where the system has no user namespaces: every id is valid. */
  readonly uidMap: string;
  readonly gidMap: string;
  /** Owner of the database that is already there. Null: there is none, or root owns it. */
  readonly owner: Account | null;
}

/** The number that Linux itself uses for "no account". */
const NOBODY = 65_534;

/** Null: the account of this process, which is not root. */
export async function postgresAccount(cluster: string): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const account = chooseAccount({
    passwd: await textOf('/etc/passwd'),
    uidMap: await textOf('/proc/self/uid_map'),
    gidMap: await textOf('/proc/self/gid_map'),
    owner: await ownerOf(cluster),
  });
  if (account !== null) return account;
  throw new StackError(
    'PostgreSQL does not run as root, and root is the only account in this container: start as an ordinary user, or set DATABASE_URL',
  );
}

/**
 * The owner of an existing database, else `postgres` or `nobody` of /etc/passwd, else a number: a container may have no
 * account but root. Null if the user namespace has no other id than root's.
 */
export function chooseAccount({ passwd, uidMap, gidMap, owner }: AccountFacts): Account | null {
  if (owner !== null) return owner;
  const entries = passwdEntries(passwd);
  for (const wanted of ['postgres', 'nobody']) {
    const entry = entries.find(
      ({ name, uid, gid }) => name === wanted && isMapped(uidMap, uid) && isMapped(gidMap, gid),
    );
    if (entry !== undefined) return { uid: entry.uid, gid: entry.gid };
  }
  const [uid, gid] = [numericId(uidMap), numericId(gidMap)];
  return uid === null || gid === null ? null : { uid, gid };
}

interface PasswdEntry extends Account {
  readonly name: string;
}

function passwdEntries(passwd: string): readonly PasswdEntry[] {
  return passwd.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** Lines of `first-id-inside first-id-outside count`. */
function ranges(map: string): readonly IdRange[] {
  return map.split('\n').flatMap((line) => {
    const [first, , count] = line.trim().split(/\s+/).map(Number);
    return first !== undefined && count !== undefined && Number.isInteger(first) ? [{ first, count }] : [];
  });
}

function isMapped(map: string, id: number): boolean {
  if (id === 0) return false;
  const known = ranges(map);
  return known.length === 0 || known.some(({ first, count }) => id >= first && id < first + count);
}

function numericId(map: string): number | null {
  if (isMapped(map, NOBODY)) return NOBODY;
  const usable = ranges(map).find(({ first, count }) => first + count > 1);
  return usable === undefined ? null : Math.max(usable.first, 1);
}

async function ownerOf(cluster: string): Promise<Account | null> {
  try {
    const { uid, gid } = await stat(cluster);
    return uid === 0 ? null : { uid, gid };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
