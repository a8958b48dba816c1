/** The file with the admin key of the local user: `api-token` in the data folder of `up`, or ECS_IMPORT_API_TOKEN_FILE. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';

/** So that a key in a log or a chat can be recognized. */
const GENERATED = /^eii_local_[\w-]{43}$/;

/**
 * Returns the key in the file. Creates the file, with mode 0600, if it is missing, if others may have read it, or if its key is
 * not valid. Throws an error that names the file.
 * @param given the key that the file must contain (ECS_IMPORT_API_TOKEN); null: a generated one
 */
export function ensureApiToken(file: string, given: string | null): string {
  const isValid = (key: string) => (given === null ? GENERATED.test(key) : key === given);
  try {
    const found = readPrivate(file);
    if (found !== null && isValid(found)) return found;
    return replace(file, given ?? `eii_local_${randomBytes(32).toString('base64url')}`, isValid);
  } catch (error) {
    const reason = isCode(error, 'ENOENT')
      ? 'its folder does not exist. Create the folder, writable for this user only'
      : error instanceof Error
        ? error.message
        : String(error);
    throw new Error(`can't write the API key to ${file}: ${reason}`, { cause: error });
  }
}

/** The key in a file that only this user can read. Null: there is none. */
export function readPrivate(file: string): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ELOOP')) return null;
    throw error;
  }
  try {
    const info = fstatSync(descriptor);
    const uid = process.getuid?.();
    if (!info.isFile() || info.size > MAX_BYTES) return null;
    if (uid !== undefined && ((info.mode & 0o077) !== 0 || (info.uid !== uid && uid !== 0))) return null;
    return readFileSync(descriptor, 'utf8').trim();
  } finally {
    closeSync(descriptor);
  }
}

const MAX_BYTES = 4_096;

/** Atomic: a reader finds the old file or the whole new one. */
function replace(file: string, key: string, isValid: (key: string) => boolean): string {
  const draft = `${file}.${process.pid}.draft`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, `${key}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, file);
    return key;
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    // Another process has created it in the meantime, or the existing file is not valid.
    const found = readPrivate(file);
    if (found !== null && isValid(found)) return found;
    renameSync(draft, file);
    return key;
  } finally {
    rmSync(draft, { force: true });
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
