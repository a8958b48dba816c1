/** How the parts of a stack are started: this program again, with the name of the part. */
import path from 'node:path';
import type { Program, StackOptions } from '../local/supervisor/stack.js';

/** `.js` when built, `.ts` when run from the sources. */
const suffix = path.extname(import.meta.filename);

function program(...file: readonly string[]): Program {
  return [process.execPath, ...process.execArgv, `${path.join(import.meta.dirname, ...file)}${suffix}`];
}

export function partPrograms(): StackOptions['programs'] {
  return {
    worker: [...program('main'), 'worker'],
    api: [...program('main'), 'api'],
    emulator: emulatorProgram(),
  };
}

/** The emulator is no part of the product: it is only ever started as a process of its own, never imported. */
export function emulatorProgram(): Program {
  return program('..', 'emulator', 'main');
}
