/** Opens an image file on this host. A missing, empty or unreadable file is a failure with a remedy. */
import { lstatSync, statSync } from 'node:fs';
import type { FailureError } from '../domain/errors/failure.js';
import { sourceFailure } from '../sources/source.js';
import { type FileSource, openFile } from './bytes.js';

/** Throws FailureError `Source.NotFound`, `.NotAFile`, `.Empty` or `.Unreadable`, class `request`. */
export function openSource(path: string): FileSource {
  return orSourceFailure(path, () => {
    const stat = statSync(path);
    if (stat.isDirectory()) throw sourceFailure('NotAFile', `${path} is a directory`);
    if (!stat.isFile()) throw sourceFailure('NotAFile', `${path} is a device, pipe or socket`);
    if (stat.size === 0) throw sourceFailure('Empty', `${path} is empty`);
    return openFile(path);
  });
}

/** Converts system errors about `path` into failures; rethrows other errors. */
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
      isLink(path) ? `${path} is a symbolic link to a file that does not exist` : `${path} does not exist`,
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
