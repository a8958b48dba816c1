/**
 * Confines a program that reads untrusted bytes. On Linux it runs in namespaces of its own: without a network, without other
 * processes, and with a root that has nothing but the system's programs and libraries, read-only. It reads and writes what it gets
 * as open descriptors. It has no capabilities, and where this process is root, it runs as another user.
 */
import { spawnSync } from 'node:child_process';
import type { Stats } from 'node:fs';

/**
 * `isolated`: all of the above. `unprivileged`: namespaces are not allowed here; the program has another user and no capabilities, but
 * sees network and files. `limited`: only the limits on memory, time and file size apply.
 */
export type Confinement = 'isolated' | 'unprivileged' | 'limited';

/** The user that a program runs as. Null: the one of this process, which is not root. */
export interface ProgramUser {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY = 65_534;
const WORLD_READABLE = 0o004;

/**
 * A program opens a descriptor again by its path (`/dev/fd/3`), so that its user must be able to read the file.
 * @param input null: the program reads its input without opening it again
 */
export function programUser(input: Pick<Stats, 'uid' | 'gid' | 'mode'> | null): ProgramUser | null {
  if (process.getuid?.() !== 0) return null;
  if (input === null || (input.mode & WORLD_READABLE) !== 0) return { uid: NOBODY, gid: NOBODY };
  return { uid: input.uid, gid: input.gid };
}

/** Starts few programs, because each takes as long as a small image. Exits with the code of a program that cannot be executed if the new root cannot be made. */
const NEW_ROOT = `
trap 'exit 126' EXIT
set -e
user="$1"
shift
mount -t tmpfs -o mode=0755,size=64k,nr_inodes=64 tmpfs /tmp
cd /tmp
folders="old proc dev etc"
links=
mounts=
for folder in /usr /bin /sbin /lib /lib32 /lib64 /libx32; do
  if [ -L $folder ]; then links="$links $folder"
  elif [ -d $folder ]; then folders="$folders .$folder"; mounts="$mounts$folder /tmp$folder none bind,ro 0 0
"; fi
done
mkdir $folders
[ -z "$links" ] || cp -P $links .
for file in /dev/null /dev/zero /dev/full /dev/urandom /etc/ld.so.cache; do
  if [ -e $file ]; then : > .$file; mounts="$mounts$file /tmp$file none bind 0 0
"; fi
done
echo "$mounts" > mounts
mount --all --fstab mounts
rm mounts
ln -s /proc/self/fd dev/fd
mount -t proc -o ro,nosuid,nodev,noexec proc proc 2>/dev/null || mount --rbind /proc proc
pivot_root . old
cd /
umount -l /old
exec setpriv --no-new-privs --bounding-set -all --inh-caps -all $user -- "$@"
`;

const NAMESPACES = ['--mount', '--net', '--ipc', '--uts', '--pid', '--fork', '--kill-child'];

/**
 * What precedes a program and its arguments. The program must be a child of a shell: the first process of a namespace gets no signal
 * of the limit of processor time.
 */
export function confinedBy(confinement: Confinement, user: ProgramUser | null): readonly string[] {
  const options = user === null ? [] : ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
  if (confinement === 'limited') return [];
  if (confinement === 'unprivileged') {
    return ['setpriv', '--no-new-privs', '--bounding-set', '-all', '--inh-caps', '-all', ...options, '--'];
  }
  // Root needs no user namespace, and could not choose another user in one.
  const own = user === null ? ['--user', '--map-root-user'] : [];
  return ['unshare', ...own, ...NAMESPACES, '--', '/bin/sh', '-c', NEW_ROOT, 'confined', options.join(' ')];
}

let known: { readonly confinement: Confinement; readonly reason: string | null } | null = null;

/** What this host allows, found out once. `reason`: why not more; null: `isolated`. */
export function confinementOf(): { readonly confinement: Confinement; readonly reason: string | null } {
  known ??= probe();
  return known;
}

function probe(): NonNullable<typeof known> {
  if (process.platform !== 'linux') return { confinement: 'limited', reason: `${process.platform} has no namespaces` };
  const isolated = problemOf('isolated');
  if (isolated === null) return { confinement: 'isolated', reason: null };
  return { confinement: problemOf('unprivileged') === null ? 'unprivileged' : 'limited', reason: isolated };
}

function problemOf(confinement: Confinement): string | null {
  const [command = '', ...args] = [...confinedBy(confinement, programUser(null)), '/bin/sh', '-c', 'true'];
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000, cwd: '/' });
  if (error !== undefined) return error.message;
  return status === 0 ? null : stderr.trim().split('\n').at(-1) || `${command} ended with ${status}`;
}
