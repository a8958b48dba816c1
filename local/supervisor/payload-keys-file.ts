/** The keys with which the embedded stack encrypts payloads in Temporal: a file in the data folder, made at the first start. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { newPayloadKey, parsePayloadKeys } from '../../config/payload-keys.js';
import { takeLock } from './lock.js';
import { errorCode, messageOf, StackError } from './stack-error.js';

const MODE = 0o600;
const HEADER = `# Keys of the payloads in Temporal, one ID:KEY a line. The first one encrypts, all of them decrypt.
# This file belongs to the backup: without its keys, running imports cannot continue.
`;

export function payloadKeysFile(dataDir: string): string {
  return path.join(dataDir, 'payload-keys');
}

/** Makes the file if it does not exist. Resolves to its path. Rejects with `StackError` if it cannot be used. */
export async function preparePayloadKeys(dataDir: string): Promise<string> {
  const file = payloadKeysFile(dataDir);
  try {
    const { mode } = await stat(file).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      await write(file, HEADER + newPayloadKey().line, 'new');
      return await stat(file);
    });
    // A restored backup may have another mode.
    if ((mode & 0o077) !== 0) await chmod(file, MODE);
    parsePayloadKeys(file, await readFile(file, 'utf8'));
    return file;
  } catch (error) {
    throw new StackError(
      `the payload keys of this data folder cannot be used (${messageOf(error)}): restore ${file} from the backup`,
      { cause: error },
    );
  }
}

/**
 * Adds a new key, which encrypts from now on. Running parts read the file again within seconds. Resolves to the ID of the new
 * key. Rejects with `StackError` if the folder has no keys yet, or if another process changes them.
 */
export async function rotatePayloadKeys(dataDir: string): Promise<string> {
  const file = payloadKeysFile(dataDir);
  if (!existsSync(file)) {
    throw new StackError(`${file} does not exist: start up once, or set --data to the data folder of up`);
  }
  await preparePayloadKeys(dataDir);
  // A second process would remove the key of the first one.
  const lock = await takeLock(`${file}.lock`);
  if (!lock.held) throw new StackError(`process ${lock.holder.pid} is changing ${file}: try again when it has ended`);
  try {
    const old = (await readFile(file, 'utf8')).replace(HEADER, '');
    const { id, line } = newPayloadKey();
    await write(file, HEADER + line + old, 'replace');
    return id;
  } finally {
    await lock.release();
  }
}

/** Complete or not at all, also if the process ends meanwhile. */
async function write(file: string, text: string, how: 'new' | 'replace'): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    const handle = await open(draft, 'wx', MODE);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (how === 'replace') await rename(draft, file);
    else await link(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
