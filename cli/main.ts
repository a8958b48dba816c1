#!/usr/bin/env node
/** The program. */
import { endWhenNobodyReads } from './console.js';
import { run } from './run.js';

endWhenNobodyReads();
// Whatever a library still holds open (a pool, a socket kept alive) must not keep a finished command from ending.
process.exit(await run(process.argv.slice(2)));
