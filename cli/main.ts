#!/usr/bin/env node
import { exitWhenReaderCloses, flushOutput } from './console.js';
import { run } from './run.js';

exitWhenReaderCloses();
const exitCode = await run(process.argv.slice(2));
await flushOutput();
// Connections that a library keeps open must not keep a finished command running.
process.exit(exitCode);
