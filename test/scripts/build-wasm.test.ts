/** The compiled WebAssembly modules are in Git, so that a build needs no WebAssembly compiler. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileToModule, moduleFileOf, WASM_SOURCES } from '../../scripts/build-wasm.js';

test.each(WASM_SOURCES)('%s → the module in Git is what it compiles to', async (source) => {
  expect(readFileSync(moduleFileOf(source), 'utf8'), 'run npm run wasm').toBe(await compileToModule(source));
});
