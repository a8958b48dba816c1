import { expect, test } from 'vitest';
import { crashAfterChanges } from '../support/activities/crash-scenes.js';
import { shareOf } from '../support/share-of-cases.js';

test('a process that crashes after a change → one image in each region, and no other resources', async () => {
  const { every, first } = shareOf(6);
  const { violations, crashes } = await crashAfterChanges(every, first + 1);
  expect(violations).toEqual([]);
  // Proves that the processes actually crashed.
  expect(crashes).toBeGreaterThan(150 / every);
}, 600_000);
