/** Where the keys of payloads come from, and their format: one `ID:KEY` a line, the current one first. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ConfigError, type Environment } from './environment.js';

export const payloadKeyVariables = {
  /** The keys, separated by commas or lines. */
  ECS_IMPORT_PAYLOAD_KEYS: z.string().optional(),
  /** A file with the keys. */
  ECS_IMPORT_PAYLOAD_KEYS_FILE: z.string().optional(),
  /** A command that prints the keys. */
  ECS_IMPORT_PAYLOAD_KEYS_COMMAND: z.string().optional(),
};

/** `name` is that of the setting, for messages. */
export type PayloadKeySource =
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | { readonly kind: 'file'; readonly name: string; readonly file: string }
  | { readonly kind: 'command'; readonly name: string; readonly command: string };

export interface GivenKey {
  readonly id: string;
  readonly bytes: Buffer;
}

const KEY_BYTES = 32;
const COMMAND_WITHIN_MS = 30_000;
const MAX_BYTES = 64 * 1024;
const FORMAT = 'write one ID:KEY a line, KEY as the base64 of 32 random bytes (openssl rand -base64 32)';

/** Null: no keys are configured, so payloads are not encrypted. Throws `ConfigError`. */
export function payloadKeySource(env: Environment): PayloadKeySource | null {
  const set = Object.keys(payloadKeyVariables).filter((name) => (env[name] ?? '') !== '');
  const [name] = set;
  if (name === undefined) return null;
  if (set.length > 1) throw new ConfigError(`${set.join(' and ')} are set: unset all but one of them`);
  const value = env[name] ?? '';
  if (name === 'ECS_IMPORT_PAYLOAD_KEYS_FILE') return { kind: 'file', name, file: value };
  if (name === 'ECS_IMPORT_PAYLOAD_KEYS_COMMAND') return { kind: 'command', name, command: value };
  return { kind: 'text', name, text: value };
}

/** Throws `ConfigError` that names the setting and the line, and contains no key. */
export async function readPayloadKeys(source: PayloadKeySource): Promise<readonly GivenKey[]> {
  return parsePayloadKeys(source.name, await textOf(source));
}

async function textOf(source: PayloadKeySource): Promise<string> {
  if (source.kind === 'text') return source.text;
  if (source.kind === 'file') {
    try {
      return await readFile(source.file, 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new ConfigError(
        `${source.name}: cannot read ${source.file} (${code}): set the path of a file that this user can read, or restore the file from the backup`,
        { cause: error },
      );
    }
  }
  try {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', source.command], {
      timeout: COMMAND_WITHIN_MS,
      maxBuffer: MAX_BYTES,
    });
    return stdout;
  } catch (error) {
    // The output of the command may contain keys.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no exit code';
    throw new ConfigError(`${source.name}: the command failed (${code}): run it in a shell to see why`);
  }
}

/** Throws `ConfigError`. @param name of the setting */
export function parsePayloadKeys(name: string, text: string): readonly GivenKey[] {
  if (text.length > MAX_BYTES) throw new ConfigError(`${name}: more than ${MAX_BYTES} bytes: ${FORMAT}`);
  const keys = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry, index) => parseKey(name, entry, index + 1));
  if (keys.length === 0) throw new ConfigError(`${name}: there is no key: ${FORMAT}`);
  const ids = keys.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) {
    throw new ConfigError(`${name}: key ID ${twice} is there twice: remove one of them, or give the new key a new ID`);
  }
  return keys;
}

function parseKey(name: string, entry: string, number: number): GivenKey {
  const [, id, encoded] = /^([A-Za-z0-9][A-Za-z0-9._-]{0,31}):([A-Za-z0-9+/_-]+=*)$/.exec(entry) ?? [];
  if (id === undefined || encoded === undefined) throw new ConfigError(`${name}: entry ${number}: ${FORMAT}`);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== KEY_BYTES) {
    throw new ConfigError(`${name}: key ${id} has ${bytes.length} bytes instead of ${KEY_BYTES}: ${FORMAT}`);
  }
  return { id, bytes };
}

/** A new key as a line of the file. */
export function newPayloadKey(): { readonly id: string; readonly line: string } {
  const id = `key-${randomBytes(4).toString('hex')}`;
  return { id, line: `${id}:${randomBytes(KEY_BYTES).toString('base64')}\n` };
}
