/** The commands that start the parts of a stack: this program with the name of the part. */
import path from 'node:path';
import type { StackOptions } from '../local/supervisor/stack.js';
import type { Program } from '../local/supervisor/supervised-part.js';

/** `.js` in a build, `.ts` when run from the sources. */
const suffix = path.extname(import.meta.filename);

function program(...file: readonly string[]): Program {
  return [process.execPath, ...process.execArgv, `${path.join(import.meta.dirname, ...file)}${suffix}`];
}

export function partPrograms(): StackOptions['programs'] {
  return {
    worker: [...program('main'), 'worker'],
    api: [...program('main'), 'api'],
    emulator: emulatorProgram(),
    temporalProxy: program('..', 'local', 'temporal', 'proxy', 'main'),
  };
}

/** The emulator is a test tool: it runs as a separate process and is never imported. */
export function emulatorProgram(): Program {
  return program('..', 'emulator', 'main');
}
