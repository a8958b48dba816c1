/** Wrong keys stop a process at its start, with the setting and the reason, and never with a key in the message. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../config/environment.js';
import { newPayloadKey, payloadKeySource, readPayloadKeys } from '../../config/payload-keys.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const KEY = Buffer.alloc(32, 7).toString('base64');
const file = path.join(folder, 'keys');
writeFileSync(file, `# a comment, with a comma\n\n  new:${KEY}\nold:${Buffer.alloc(32, 8).toString('base64url')}\n`);

async function read(env: Record<string, string>): Promise<readonly string[] | string> {
  try {
    const source = payloadKeySource(env);
    return source === null ? 'none' : (await readPayloadKeys(source)).map(({ id }) => id);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain(KEY);
    return error.message;
  }
}

describe('keys', () => {
  test.each([
    ['a variable', { ECS_IMPORT_PAYLOAD_KEYS: `new:${KEY},old:${KEY}` }],
    ['a file', { ECS_IMPORT_PAYLOAD_KEYS_FILE: file }],
    ['a command', { ECS_IMPORT_PAYLOAD_KEYS_COMMAND: `cat ${file}` }],
  ])('from %s → in the order in which they are given', async (_, env) => {
    expect(await read(env)).toEqual(['new', 'old']);
  });

  test('that are not configured, or empty → none', async () => {
    expect(await read({})).toBe('none');
    expect(await read({ ECS_IMPORT_PAYLOAD_KEYS: '', ECS_IMPORT_PAYLOAD_KEYS_FILE: '' })).toBe('none');
  });

  test('that are created → valid, and other ones each time', async () => {
    const [first, second] = [newPayloadKey(), newPayloadKey()];
    expect(await read({ ECS_IMPORT_PAYLOAD_KEYS: first.line + second.line })).toEqual([first.id, second.id]);
    expect(first.line).not.toBe(second.line);
  });
});

describe('a wrong setting → an error that names it', () => {
  const short = Buffer.alloc(16, 7).toString('base64');
  test.each([
    [{ ECS_IMPORT_PAYLOAD_KEYS: `k1:${short}` }, /ECS_IMPORT_PAYLOAD_KEYS: key k1 has 16 bytes instead of 32/],
    [{ ECS_IMPORT_PAYLOAD_KEYS: `k1:${KEY},k1:${KEY}` }, /key ID k1 is there twice/],
    [{ ECS_IMPORT_PAYLOAD_KEYS: KEY }, /entry 1: write one ID:KEY a line/],
    [{ ECS_IMPORT_PAYLOAD_KEYS: `ok:${KEY}\na b:${KEY}` }, /entry 2: write/],
    [{ ECS_IMPORT_PAYLOAD_KEYS: '# nothing' }, /there is no key/],
    [{ ECS_IMPORT_PAYLOAD_KEYS_FILE: path.join(folder, 'absent') }, /cannot read .*absent \(ENOENT\)/],
    [{ ECS_IMPORT_PAYLOAD_KEYS_FILE: folder }, /cannot read .* \(EISDIR\)/],
    [{ ECS_IMPORT_PAYLOAD_KEYS_COMMAND: `echo ${KEY}; exit 3` }, /the command failed \(3\)/],
    [{ ECS_IMPORT_PAYLOAD_KEYS_COMMAND: 'true' }, /there is no key/],
    [
      { ECS_IMPORT_PAYLOAD_KEYS: `k1:${KEY}`, ECS_IMPORT_PAYLOAD_KEYS_FILE: file },
      /ECS_IMPORT_PAYLOAD_KEYS and ECS_IMPORT_PAYLOAD_KEYS_FILE are set: unset all but one/,
    ],
  ])('%j', async (env, message) => {
    expect(await read(env)).toMatch(message);
  });
});
