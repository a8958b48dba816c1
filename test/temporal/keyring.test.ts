/** A file with keys is read again while the process runs, so that a rotation needs no restart. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { preparePayloadKeys, rotatePayloadKeys } from '../../local/supervisor/payload-keys-file.js';
import { openKeyring } from '../../temporal/keyring.js';
import { openPayloads, type PayloadKeyRecords } from '../../temporal/payloads.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = async (problems: string[] = []) =>
  openKeyring({ kind: 'file', name: 'KEYS', file: await preparePayloadKeys(folder) }, (one) => problems.push(one), 0);

test('a first start → makes a file that only its user reads; a later start keeps the key', async () => {
  const file = await preparePayloadKeys(folder);
  const text = readFileSync(file, 'utf8');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await preparePayloadKeys(folder);
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('starts at the same time → one key', async () => {
  await Promise.all(Array.from({ length: 5 }, () => preparePayloadKeys(folder).catch(() => undefined)));
  expect((await open()).ids()).toHaveLength(1);
});

test('a rotation → the new key is found as soon as a payload names it, encrypts once it is recorded, and the old one is kept', async () => {
  const keyring = await open();
  const old = keyring.current();
  const announced: string[] = [];
  await keyring.announceTo(async ({ id }) => void announced.push(id));
  const id = await rotatePayloadKeys(folder);
  expect((await keyring.find(id))?.id).toBe(id);
  expect([keyring.current().id, await keyring.find(old.id)]).toEqual([id, old]);
  expect(announced).toEqual([old.id, id]);
});

test('a new key that cannot be recorded, or a broken file → the old key still encrypts, with the reason', async () => {
  const problems: string[] = [];
  const keyring = await open(problems);
  const old = keyring.current().id;
  let fails = false;
  await keyring.announceTo(async () => {
    if (fails) throw new Error('the database is away');
  });
  fails = true;
  const id = await rotatePayloadKeys(folder);
  expect((await keyring.find(id))?.id).toBe(id);
  writeFileSync(path.join(folder, 'payload-keys'), 'nonsense');
  expect([keyring.current().id, await keyring.find('unknown')]).toEqual([old, null]);
  expect(problems).toEqual([
    `the database is away. Key ${old} still encrypts`,
    expect.stringMatching(/^KEYS: entry 1: write one ID:KEY a line.*still encrypts$/),
  ]);
});

const records = (changes: Partial<PayloadKeyRecords>): PayloadKeyRecords => ({
  register: async () => 'registered',
  neededKeys: async () => [],
  mayBePlain: async () => false,
  ...changes,
});
const TEXT = { kind: 'text', name: 'KEYS', text: `k1:${Buffer.alloc(32, 1).toString('base64')}` } as const;

test('a process without keys, or with another key by the same ID → does not start, and the error names the key', async () => {
  const needed = records({ neededKeys: async () => ['k1', 'k2'] });
  await expect(openPayloads(null, needed, () => undefined)).rejects.toThrow(/encrypted with key k1, k2: set the same/);
  const other = records({ register: async () => 'otherKey' });
  await expect(openPayloads(TEXT, other, () => undefined)).rejects.toThrow(/another key under the ID k1/);
  expect(await openPayloads(null, records({}), () => undefined)).toBeNull();
});

test('a process without an old key that imports need → starts, and reports the key', async () => {
  const problems: string[] = [];
  await openPayloads(TEXT, records({ neededKeys: async () => ['k0', 'k1'] }), (one) => problems.push(one));
  expect(problems).toEqual([expect.stringContaining('KEYS: key k0 is missing')]);
});
