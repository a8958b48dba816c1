/** Hostile items of a batch file: each is a bad item or an unreadable file, and never an unexpected error. */
import { expect, test } from 'vitest';
import { BatchFileError, type Entry } from '../../batches/file/entries.js';
import type { BatchFormat } from '../../batches/file/formats.js';
import { readItem } from '../../batches/file/item.js';
import { readEntries } from '../../batches/file/read.js';

const LEVELS = 100_000;
const deep = `${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}`;
const item = (fields: string) => `{"imageName":"web-1","region":"cn-hangzhou",${fields}}`;
const fields = Array.from({ length: 20_000 }, (_, n) => `"f${n}":1`).join(',');

async function problemsOf(format: BatchFormat, text: string): Promise<readonly { readonly rule: string }[]> {
  async function* body() {
    yield Buffer.from(text);
  }
  try {
    const entries: Entry[] = [];
    for await (const entry of readEntries(format, body())) entries.push(entry);
    return entries.flatMap((entry) => {
      if (entry.kind === 'header') return [];
      const read = readItem(entry, 1, { defaults: {}, base: null, workerHost: 'host-1' });
      return read.ok ? [] : read.bad.problems;
    });
  } catch (error) {
    if (error instanceof BatchFileError) return [{ rule: 'file' }];
    throw error;
  }
}

test.each<[string, BatchFormat, string, string]>([
  ['100,000 levels', 'json', `[${item(`"tags":${deep}`)}]`, 'request.depth'],
  ['100,000 levels', 'jsonl', item(`"tags":${deep}`), 'request.depth'],
  ['100,000 levels', 'yaml', `- imageName: web-1\n  tags: ${deep}\n`, 'item.readable'],
  ['20,000 fields', 'jsonl', item(fields), 'request.count'],
  ['a NUL', 'jsonl', item('"description":"a\\u0000b"'), 'description.characters'],
  ['a lone surrogate', 'json', `[${item('"description":"a\\ud800"')}]`, 'description.characters'],
  ['a list as an item', 'jsonl', '[1,2]', 'item.shape'],
  ['a repeated field', 'jsonl', item('"tags":{"a":"1","a":"2"}'), 'item.readable'],
  ['a repeated field', 'json', `[${item('"imageName":"web-2"')}]`, 'item.readable'],
  ['a repeated field', 'yaml', '- imageName: web-1\n  imageName: web-2\n', 'item.readable'],
  ['a repeated header field', 'json', '{"name":"a","items":[],"name":"b"}', 'file'],
  ['a repeated header field', 'yaml', 'name: a\nitems:\n- imageName: web-1\nname: b\n', 'file'],
  ['a repeated column', 'csv', 'imageName,region,imageName\nweb-1,cn-hangzhou,web-2\n', 'file'],
  ['two names of one column', 'csv', 'name,region,imageName\nweb-1,cn-hangzhou,web-2\n', 'file'],
  ['the field __proto__', 'jsonl', item('"__proto__":{}'), '__proto__.name'],
])('%s in %s → a problem of the item', async (_, format, text, rule) => {
  const problems = await problemsOf(format, text);
  expect(problems.map((problem) => problem.rule)).toEqual([rule]);
  expect(JSON.stringify(problems).length).toBeLessThan(2_000);
});
