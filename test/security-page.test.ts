/** Every line of the threat model names a test that exists. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const page = readFileSync(path.resolve(import.meta.dirname, '../docs/security.md'), 'utf8');
const section = page.slice(page.indexOf('## Who can do what'), page.indexOf('## What is not defended'));
const lines = section.split('\n').filter((line) => line.startsWith('| ') && !/^\| (who|---) /.test(line));

test('the page has lines', () => {
  expect(lines.length).toBeGreaterThan(20);
});

test.each(lines)('%s', (line) => {
  const named = [...line.matchAll(/`([\w/-]+)` › ([^|]*?)(?=<br>| \|$)/g)];
  expect(named.length).toBeGreaterThan(0);
  for (const [, file, title = ''] of named) {
    const found = ['', '.part', '.slow', '.long']
      .map((kind) => path.join(import.meta.dirname, `${file}${kind}.test.ts`))
      .find(existsSync);
    expect(found, file).toBeDefined();
    expect(title.trim(), file).not.toBe('');
    expect(readFileSync(found ?? '', 'utf8'), file).toContain(title.trim());
  }
});
