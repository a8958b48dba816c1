/** The package entry `./worker`: what it exports at run time is what its types promise. */
import { expect, test } from 'vitest';

test('the file that the entry loads → exports every value of the file that has its types', async () => {
  const [entry, typed] = await Promise.all([import('../../workers/entry.js'), import('../../workers/index.js')]);
  expect({ ...entry }).toEqual({ ...typed });
});
