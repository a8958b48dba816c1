/** The image as a file on this host: found, whole, ours to read; else a failure that says what to mend. */
import { lstatSync, statSync } from 'node:fs';
import type { FailureError } from '../domain/errors/failure.js';
import { sourceFailure } from '../sources/source.js';
import { type FileSource, openFile } from './bytes.js';

/** Throws FailureError `Source.NotFound`, `.NotAFile`, `.Empty` or `.Unreadable`, all of class `request`. */
export function openSource(path: string): FileSource {
  return orSourceFailure(path, () => {
    const stat = statSync(path);
    if (stat.isDirectory()) throw sourceFailure('NotAFile', `${path} is a directory`);
    if (!stat.isFile()) throw sourceFailure('NotAFile', `${path} is a device, pipe or socket`);
    if (stat.size === 0) throw sourceFailure('Empty', `${path} has no bytes`);
    return openFile(path);
  });
}

/** Turns the system's errors about `path` into failures; others pass through. */
export function orSourceFailure<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isSystemError(error)) throw unreadable(path, error.code);
    throw error;
  }
}

function unreadable(path: string, code: string): FailureError {
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return sourceFailure(
      'NotFound',
      isLink(path) ? `${path} is a link to a file that does not exist` : `${path} does not exist`,
    );
  }
  const why = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : code;
  return sourceFailure('Unreadable', `${path} cannot be read: ${why}`);
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}
