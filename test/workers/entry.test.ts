/** The package entry `./worker`: what it exports at run time is what its types promise. */
import { expect, test } from 'vitest';

// The SDK takes seconds to load on a busy machine.
const LOADED_WITHIN_MS = 60_000;

test('the file that the entry loads → exports every value of the file that has its types', {
  timeout: LOADED_WITHIN_MS,
}, async () => {
  const [entry, typed] = await Promise.all([import('../../workers/entry.js'), import('../../workers/index.js')]);
  expect({ ...entry }).toEqual({ ...typed });
});
