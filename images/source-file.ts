/** The image as a file on this host: found, whole, ours to read; else a failure that says what to mend. */
import { lstatSync, statSync } from 'node:fs';
import { FailureError } from '../domain/failure.js';
import { type FileSource, openFile } from './bytes.js';

/** Throws FailureError `Source.NotFound`, `.NotAFile`, `.Empty` or `.Unreadable`, all of class `request`. */
export function openSource(path: string): FileSource {
  return orSourceFailure(path, () => {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      throw failure('Source.NotAFile', `${path} is a directory`, 'Give the path of one disk image file.');
    }
    if (!stat.isFile()) {
      const remedy = 'Copy it to a file first, e.g. with qemu-img convert.';
      throw failure('Source.NotAFile', `${path} is a device, pipe or socket`, remedy);
    }
    if (stat.size === 0) {
      throw failure('Source.Empty', `${path} has no bytes`, 'Copy or export the image again.');
    }
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
    const message = isLink(path) ? `${path} is a link to a file that does not exist` : `${path} does not exist`;
    return failure('Source.NotFound', message, 'Check the path; it is read on the host of the worker.');
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const remedy = 'Let the service’s user read the file (chmod or setfacl) and enter its folders.';
    return failure('Source.Unreadable', `${path} cannot be read: permission denied`, remedy);
  }
  return failure('Source.Unreadable', `${path} cannot be read: ${code}`, 'Check the path and the disk that holds it.');
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function failure(code: string, message: string, remedy: string): FailureError {
  return new FailureError({ code, class: 'request', message, remedy });
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}
