/**
 * Some programs refuse a user id without a name in the system's list of users (`docker run --user 12345`, or a container
 * whose only account is root): `initdb`, and a Temporal server that was built with cgo. A library that is loaded before
 * the C library gives the id a name.
 *
 * The libraries are this C file, compiled with
 * `zig cc -target x86_64-linux-gnu -Os -fPIC -shared -nostdlib -fno-sanitize=all -s -Wl,--build-id=none,--hash-style=sysv`
 * and for `aarch64-linux-gnu`, then compressed with gzip:
 *
 *     struct passwd { char *name, *password; unsigned uid, gid; char *gecos, *dir, *shell; };
 *     static void fill(struct passwd *p, unsigned uid) {
 *       p->name = "nobody"; p->password = "x"; p->gecos = ""; p->dir = "/"; p->shell = "/bin/sh";
 *       p->uid = p->gid = uid;
 *     }
 *     struct passwd *getpwuid(unsigned uid) { static struct passwd entry; fill(&entry, uid); return &entry; }
 *     int getpwuid_r(unsigned uid, struct passwd *p, char *text, unsigned long size, struct passwd **found) {
 *       fill(p, uid);
 *       *found = p;
 *       return 0;
 *     }
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { openOwnFolder } from '../../config/own-folder.js';
import { messageOf } from './stack-error.js';
import type { Account } from './supervised-part.js';

const execute = promisify(execFile);

const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  x64: [
    'H4sIAAAAAAACA61VzWsTURCf3c2nSexiWiy26IoeenGThoJBrfhRY4QctFAoxRI22W0SbHbDZtVEpfYk5CD06FEQ/A+8C734P3jwFNCL9ljwEN',
    '/uzkv2PRKj0IHNb37zZt6bzMy+fX2vVBAFAahIcBNGDOAWYiwctOUhTn5TkIQI4aGAH4/HAosxtAsYN0nWJBZBHsWFg+tpFj8Ci8E4N9cjjDu6',
    'xOI+dU+Oj2thsq0VFqlkufPEfzyPIq3Let/RQ/+RJ+3VQ4z7Ivqcx0Vgkdb+EYmLwMmJm88ZiA77UUb7KbR/QPv94bz5jzhhL6gZTuv504Y+VM',
    'o2mFbF0rvQgUylYWbadciAsCBdX8R9XpEe5Al+JbiJe83SPV+sg9CRhYVkNHYg+PVwnxsy5nr7tPxGvJuKiFvEA9fI81LGnIfrd7x1VzaKvX7x',
    'bXjn12BQ7IXPXQQgLO1BatMzplI+2/DZjM8KPov7LOszibDe6g/F/f1GfrcPcfuotx4hWsjTCrGROk/U45+eqhC176tLvb3Z3p78oJdd/rx96O',
    'd6npu334OBFZwjOgt5bEgC+TwivQbei6O+ujLHzdW+OH4+qruaWVOeGXa7YZlKLqcuq3koNcwnhn1NKZXWqAlUvWu2u01Q6xppsMccG1Tb0jVH',
    'A9Wol3dsrWmU67o9YqA6RsfxvLVmo0rcjV3bKrc0XW+YNVAr7TaoVavZNEzi1a6TLR2tclJznwjMMa0fxWJg3oVA/Wld41hbkasfRQXY9z3E4Q',
    'z3HtH+UJwb924F5Czacsg/iSymJ8RTvIA6PX/S/QNc3lSucPHfRRYfc/4xjl8N3NXMd0HivgcTzl/FWPq5Gd67EnvvStz5eN1DAW10vXUZEQ86',
    'SPy9/ht8/Aobn53y/7dwT96Pxi9N6V81cHZQ3mF8c8r8/AG4HdbhSAgAAA==',
  ],
  arm64: [
    'H4sIAAAAAAACA61UzWsTURCf/WjNlxi0xUprs8ek6CYGwaAIOdQikoMWvIgQN9k1CTa7ZbNqI4L1qKfkP/Co4FW85qh/gOLRi1CPnjT0EN8mM8',
    '17r0mj0IHd387s/ObNzszOixulDVVRgESDjzDWAIqI33TeVoAou5+EBMwzXef8ZPyjiBhBu4K8aXJBExEwq/A+J7xXBOygdwcO88Jce8jraaqA',
    'u5R3YjKviMkWdU1Akpx0nvqP5xFSXTZ/BLb+H3lSr24j79PI7RCugIhU+zuMNw/HJ2E+p+HEQT9uoj2G9kCya3ipU2JBzQm2nz5u2AcPZR9cr+',
    'LZbdiBbKXhZlt1yIKyrF1bwTg2Y15m+J4hnZOkmM82QXm+qiwnUkPbErvSnN9COEvsus/ZSPY0WEsZ2pcHkWQyxM/7v3OvB4POrV+xbsRQM9E0',
    'vHvF9Mz5eHdoPxfvRt8qI1s/1o0uQL+nlb+G3J/9MTeM+11LrWUm8NMsboaLkWExXsIoTpjTqjQ/+4OBx88F9baABY6jvoQ4h/hGHfcplEVpTn',
    'bVyf2ublluzXji+K2G5xr5vHnJLECp4T5y/KtGqbROJjDttttqN8GsW6xhQy3wwfQ92wosMJ16+aFvNZ1y3fbHGpiBsxMMva1mo8rcnS3fK29b',
    'tt1wa2BWWi0wq16z6bjMq1VnIQOrclxzHOfmkupHyM+vwtWf6hrF2qpS/QgNEP9fXcJT0n9B/SFcnPSvcHIWbXnUP6ginpnCJ0zhM50/bZ+AlD',
    'fJRYm/p4q4LvlHJP0Kt3vFPS/v98nnX0cubenxHhX3riadT3tiA230vqiriBgvfnT97x7iawI/N+P772FM2Y/46Rn9q3Jn81JHfnPG/PwFX76Z',
    'yxgIAAA=',
  ],
};

/**
 * The environment for a program that needs a name for its account (null: that of this process). `folders`: where the
 * library may be kept, best first. Throws the reason if there is no name and none can be given.
 */
export async function withAccountName(
  env: NodeJS.ProcessEnv,
  account: Account | null,
  folders: readonly string[],
): Promise<NodeJS.ProcessEnv> {
  if (await hasName(account?.uid ?? process.getuid?.())) return env;
  const library = LIBRARIES[os.arch()];
  // The user may have its name from another source, such as LDAP. Else `initdb` reports the reason.
  if (library === undefined) return env;
  const attempts: string[] = [];
  // The loader splits its variable at spaces and colons.
  for (const folder of folders.filter((name) => !/[\s:]/.test(name))) {
    try {
      openOwnFolder(folder, 0o755);
      const file = path.join(folder, `account-name-${os.arch()}.so`);
      const draft = `${file}.${randomUUID()}`;
      await writeFile(draft, gunzipSync(Buffer.from(library.join(''), 'base64')), { mode: 0o644 });
      await chmod(draft, 0o644);
      await rename(draft, file);
      const preload = [file, env.LD_PRELOAD].filter(Boolean).join(':');
      // Programs without a C library read the name from USER.
      const changed = { ...env, LD_PRELOAD: preload, USER: env.USER || 'nobody', HOME: env.HOME || '/' };
      const { stderr } = await execute('/bin/sh', ['-c', ':'], { ...account, env: changed, cwd: '/', timeout: 10_000 });
      if (!stderr.includes(file)) return changed;
      attempts.push(stderr.trim());
    } catch (error) {
      attempts.push(`${folder}: ${messageOf(error)}`);
    }
  }
  throw new Error(
    `the user id has no name in /etc/passwd (${attempts.join('; ')}): add the user to /etc/passwd, or set DATABASE_URL`,
  );
}

async function hasName(uid: number | undefined): Promise<boolean> {
  if (uid === undefined || os.platform() !== 'linux') return true;
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return passwd.split('\n').some((line) => line.split(':')[2] === String(uid));
}
