/** Why the parts of one machine could not be started or found: one line that says what, where and how to mend it. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** The operating system's code of an error (`ENOENT`, `EADDRINUSE` …), or null. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
