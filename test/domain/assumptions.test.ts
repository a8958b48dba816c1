/** The list of what the service assumes about the cloud, and its page. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ASSUMPTIONS, type Assumption } from '../../domain/assumptions/index.js';
import { cloudPage } from '../../scripts/cloud-page.js';

const LIST = ASSUMPTIONS.flatMap(({ assumptions }): readonly Assumption[] => assumptions);

test('docs/cloud.md matches the list; npm run docs:cloud writes it', () => {
  expect(readFileSync(path.resolve(import.meta.dirname, '../../docs/cloud.md'), 'utf8')).toBe(cloudPage());
});

describe('an assumption', () => {
  test('has an ID of its own', () => {
    const ids = LIST.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  test.each(LIST)('$id says what is assumed, where it was read, how to check it, and what happens otherwise', (one) => {
    expect(one.steps.length).toBeGreaterThan(0);
    for (const text of [one.assumed, one.source, one.otherwise]) expect(text).toMatch(/^[A-Z].*\.$/s);
    for (const step of one.steps) expect(step).not.toMatch(/\.$/);
  });
});
