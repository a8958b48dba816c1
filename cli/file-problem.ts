/** Why a file cannot be read, in words. */
import { errorCode, messageOf } from '../local/supervisor/stack-error.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'its name is too long',
};

export function fileProblem(error: unknown): string {
  return REASONS[errorCode(error) ?? ''] ?? messageOf(error).split('\n')[0] ?? '';
}
