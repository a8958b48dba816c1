/** The key of a running `up` goes to its own origin only. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findToken } from '../../cli/find-token.js';
import { ensureApiToken } from '../../config/api-token.js';
import { apiTokenFile } from '../../local/supervisor/folders.js';
import { registerInstance } from '../../local/supervisor/instances.js';
import { otherListener } from '../../local/supervisor/port-owner.js';

const dataDir = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-find-token-'));
const env = { XDG_CACHE_HOME: dataDir };
const API = 'http://127.0.0.1:4711';
let key = '';

beforeAll(async () => {
  key = ensureApiToken(apiTokenFile(dataDir), null);
  await registerInstance(env, { dataDir, api: API });
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test('the origin of a running `up` → the key in its data folder', async () => {
  expect(await findToken(API, env)).toBe(key);
});

test.each([
  'http://127.0.0.1:4712',
  'https://127.0.0.1:4711',
  'http://localhost:4711',
  'http://127.0.0.1.example.com:4711',
  'http://example.com/?http://127.0.0.1:4711',
])('%s → no key', async (url) => {
  expect(await findToken(url, env)).toBeNull();
});

test('ECS_IMPORT_API_TOKEN → sent to the API that was named', async () => {
  expect(await findToken('http://example.com', { ...env, ECS_IMPORT_API_TOKEN: 'set' })).toBe('set');
});

test('another user listens on the port of an `up` → found in the report of the kernel', () => {
  const own = process.getuid?.() ?? 0;
  const line = (address: string, state: string, uid: number) =>
    `   0: ${address}:1267 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 1 1 0 100 0 0 10 0`;
  const table = path.join(dataDir, 'tcp');
  const found = (...lines: readonly string[]) => {
    writeFileSync(table, ['  sl  local_address …', ...lines].join('\n'));
    return otherListener(4711, [table, path.join(dataDir, 'none')]);
  };
  expect(found(line('0100007F', '0A', own))).toBeNull();
  expect(found(line('0100007F', '0A', own + 1))).toBe(own + 1);
  expect(found(line('0100007F', '0A', own), line('00000000', '0A', own + 7))).toBe(own + 7);
  // A connection of another user, not a listener.
  expect(found(line('0100007F', '01', own + 1))).toBeNull();
});
