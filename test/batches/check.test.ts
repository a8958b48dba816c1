/** The check of a batch file, which stores nothing. */
import { expect, test } from 'vitest';
import { checkBatch } from '../../batches/check.js';

const check = (text: string, format: 'csv' | 'yaml' = 'csv', header = {}, fallbacks = {}) => {
  const deps = {
    ...{ workerHost: 'host-1', clock: { now: () => 1_000 } },
    batches: { idOfName: async (name: string) => (name === 'taken' ? 'bat-1' : null) },
  } as unknown as Parameters<typeof checkBatch>[0];
  const order = { format, header, fallbacks, skipInvalid: false, base: null, idempotencyKey: null };
  return checkBatch(
    deps,
    order,
    (async function* () {
      yield new TextEncoder().encode(text);
    })(),
  );
};

const HEAD = 'region,imageName,source,bucket\n';
const line = (name: string, region = 'cn-hangzhou') =>
  `${region},${name},https://images.example.com/${name}.qcow2,images\n`;

test('a file with invalid and repeated lines → each of them with its line, and what the others do', async () => {
  const text = `${HEAD}${line('web-01')}${line('!')}${line('web-01')}${line('web-02', 'cn-beijing')}`;
  const found = await check(text, 'csv', { name: 'taken' });
  expect(found).toMatchObject({ items: 4, invalid: 2, name: 'taken', nameUsedBy: 'bat-1', unreadable: null });
  expect(found.badItems.map(({ line: at, problems }) => [at, problems[0]?.rule])).toEqual([
    [3, expect.stringMatching(/imageName/)],
    [4, 'batch.unique'],
  ]);
  expect(found.badItems[1]?.problems[0]?.message).toBe(
    'line 2 has the same image name in region cn-hangzhou: names are unique in a region',
  );
  expect(found.regions).toEqual([
    { name: 'cn-beijing', items: 1 },
    { name: 'cn-hangzhou', items: 1 },
  ]);
});

test('a file with an invalid policy → the problems of its header', async () => {
  const found = await check('name: fleet\npolicy: { concurrency: 0 }\nitems:\n  - imageName: web-01\n', 'yaml');
  expect(found.headerProblems.map(({ path }) => path)).toEqual([expect.stringContaining('concurrency')]);
});

test('a file that cannot be read → the line and the reason', async () => {
  const found = await check(`${HEAD}"cn-hangzhou,web-01\n`);
  expect(found.unreadable).toMatchObject({ line: expect.any(Number), reason: expect.any(String) });
});

test('an invalid cell → the message names the column as the file does', async () => {
  const text = 'Region,name,source,Bucket,boot_mode\ncn-hangzhou,!,https://images.example.com/a.qcow2,images,EFI\n';
  const [bad] = (await check(text)).badItems;
  const subjects = bad?.problems.map(({ path, message }) => `${path}: ${message.slice(0, message.indexOf(' must'))}`);
  expect([...new Set(subjects)]).toEqual([
    'imageName: column "name" (imageName)',
    'bootMode: column "boot_mode" (bootMode)',
  ]);
});

test('settings of the sender → apply below the defaults of the file', async () => {
  const fallbacks = { region: 'cn-beijing', upload: { bucket: 'mine' } };
  const source = 'disks: [{ source: https://images.example.com/a.qcow2 }]';
  const text = `defaults: { region: cn-shanghai }\nitems:\n  - { imageName: web-01, ${source} }\n`;
  const found = await check(text, 'yaml', {}, fallbacks);
  expect([found.invalid, found.regions, found.buckets]).toEqual([
    0,
    [{ name: 'cn-shanghai', items: 1 }],
    [{ name: 'mine', items: 1 }],
  ]);
});
