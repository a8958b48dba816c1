/**
 * `initdb` refuses a user id without a name in the system's list of users (`docker run --user 12345`, or a container
 * whose only account is root). A library that is loaded before the C library gives it one. Only `initdb` and the servers
 * that it starts need it.
 *
 * The libraries are this C file, compiled with
 * `zig cc -target x86_64-linux-gnu -Os -fPIC -shared -nostdlib -fno-sanitize=all -s -Wl,--build-id=none,--hash-style=sysv`
 * and for `aarch64-linux-gnu`, then compressed with gzip:
 *
 *     struct passwd { char *name, *password; unsigned uid, gid; char *gecos, *dir, *shell; };
 *     struct passwd *getpwuid(unsigned uid) {
 *       static struct passwd entry = {"postgres", "x", 0, 0, "", "/", "/bin/sh"};
 *       entry.uid = entry.gid = uid;
 *       return &entry;
 *     }
 */
import { execFile } from 'node:child_process';
import { chmod, rename, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { openOwnFolder } from '../../config/own-folder.js';
import { messageOf } from '../supervisor/stack-error.js';
import type { Account } from './account.js';

const execute = promisify(execFile);

const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  x64: [
    'H4sIAAAAAAACA61VzW7TQBAe20maNG2x2iKKUiEjOJSLk0ZIREARFX895BCqInFBkRub2KL+kW0g5UJPSDkg5TE48ghIHDnzCOUZQBzKJsw03h',
    'GmIGUl+/N+O9/O7M569u2D9kNVUYCaBndg2gO4i2gUs1wLKuK9BItQEv1Cxo7jd0XGMvIK6vJaqskI+lRXzI6vyHgRZMzqxrGOUDe6IuMnNI8W',
    '/qzrYLCd6zI2QEbSqf/oj5D2Zfc4tQv/ESflqoM6A3UcV0FG2vvHQleC2bVxPMtiNTwfKj4KF/SdNHr90rNB3lfaj3mM/ynjy8i7jF9HPmJ8Df',
    'kB41eIhyhM0n7sJFDf94J64kJ9sp6admsV497Tp3mmfVTe7IIy0JXawlx5JIzWAR8d1769pL9T7y2W9oQBap7sDI+HW98MgJ33xS8ChltfxfvZ',
    'ZzF2iZ2HnycnYTbPc4gjVbYbIFYQ1xB/oJ5+X8p1C/VVZk92Rzg+DzLSuXHV2ZyX3oEV9I1XTpx4YWA0m+am2YK2F7xw4ptGu32fKDDtwyA59M',
    'F0LZGbSS+NwYydA2vcEV+hbaUWmI7bfR5bvtN17XjaAzN1BulEZ/lebyKMw25k2bYX9AU/0fZC33cCYZa4YvbU2p/J/1DFs5/dd8LGad39bVtm',
    '+ahgTlS274RrINeBAsNzOLfK8srzC2weahdwLpWdO8IB0/H4L+NYk/23hOdz/BNew2/yn1fXgK2b2g2mb2ky3mb2ZdbfztwB0n2jsXsmx/8j1N',
    'I1dlrPNbmea8y/TvUQORrvXEVERx+rf89fFzmN1VfSN85Yv4N6bneE+o0z8hdkfGfbh4J8fvLi/wWoVsCJoAgAAA==',
  ],
  arm64: [
    'H4sIAAAAAAACA61VwW7TQBAd77rBaQpEEESkoNbcKKqckAsWXIpU4JJD6Imb68YmtqjtyDaQIiQ4cuzfcO2RH4A/QOITQByK48403qGBImUl+3',
    'lm5+3M7oxn3z8ePBGaBjQkfIK5BLCNaKxUdTbUi/cVuAy1QtYrdhx/aCoaqNeQt2h4UkXAqGbvFWVeU7CF1i34kzeLdYq8qRQKHqP1x7XzeTYG',
    'a+tSwR5a95g/cUF/hHQuu99yT/+POClXQ+SZyOPIz4XO/lnBq8Hyxiyea8VueD4EPhonjP188uZV6IF6vhIDXMX4t5neQP2Q6W+h/jnTd1C/x/',
    'TX6ZxhkmT5OPUz6O6HcTcLoFvupyMftjDuneK9hXE2ab9vd0F7t6511jZKXbuc0yr1B/Bdwt0NU37ZqzWbhik2j6XzdZ3l/dfJSVLN5yXEI6Ha',
    'TRHriG3En8in35RyaiO/wezJ7gPOr4KKVB+BWE5djA7ceGy+9tMsTGKz37fuWTYMwvilnz4wB4MdUoHlHcbZYQRW4BY5KKU8BSv1D9yZUHwlnp',
    'u7YPmB8yJ1I98JvHQugZX707zkuVE4Kolp4kxczwvjcaEvuaMkivy4MMuCYvXc3V9K3TewxqvnTtg766+ntgbLRx1zIti5E7ZB/d91hldxbcHy',
    'yvMLbB0aN3EtweqOcMp4PP7bONcH9f8kvLHAP+EmfpP/Rf0L2L5p3Gd8W6q4xewNJj+q9Hr1XrmY/6fIpetq3rfVPi+Zf+ojQ9TJsz4oEE/lz4',
    '2/589BnQR+T/H76fz9+8jndgHy7/wjf3HFd3Uc6Wr9LIr/Nz4/WgGICAAA',
  ],
};

/** The environment with a name for the account. Throws the reason where it can't be given. */
export async function withAccountName(
  env: NodeJS.ProcessEnv,
  account: Account | null,
  folders: readonly string[],
): Promise<NodeJS.ProcessEnv> {
  const library = LIBRARIES[os.arch()];
  // The user may have its name from another source, such as LDAP. Else `initdb` reports the reason.
  if (library === undefined) return env;
  const attempts: string[] = [];
  // The loader splits its variable at spaces and colons.
  for (const folder of folders.filter((name) => !/[\s:]/.test(name))) {
    try {
      openOwnFolder(folder, 0o755);
      const file = path.join(folder, `account-name-${os.arch()}.so`);
      const draft = `${file}.${process.pid}`;
      await writeFile(draft, gunzipSync(Buffer.from(library.join(''), 'base64')), { mode: 0o644 });
      await chmod(draft, 0o644);
      await rename(draft, file);
      const changed = { ...env, LD_PRELOAD: [file, env.LD_PRELOAD].filter(Boolean).join(':') };
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
